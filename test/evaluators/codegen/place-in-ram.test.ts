/** Constants and code in RAM: the same outputs, sizes known beforehand, fewer waits; and nothing moves where it gains nothing or does not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseQuantized, importOnnx } from '@tinypareto/evaluators';
import { buildArm } from '../../../evaluators/build/build-arm.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { hotFunctions } from '../../../evaluators/codegen/emit/runtime-files.ts';
import { calledFunctions } from '../../../evaluators/codegen/kernels/called-functions.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { predictSizes } from '../../../evaluators/codegen/predict/predict-sizes.ts';
import { predictLatency } from '../../../evaluators/codegen/predict/speed-model.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const pico = board('pico');
const cache = temporaryCache();

const graph = () => fuseQuantized(importOnnx(modelBytes('har', 'har-mlp.int8-pc')));

const inRam = ({ constants }: ReturnType<typeof lower>) => constants.filter((constant) => constant.inRam === true);

test('with the goal of speed constants go to RAM: same outputs, fewer cycles, sizes as foretold', {
  skip: isMissing(armToolchain()) ? 'no Arm compiler' : skipWithoutShared(),
}, async () => {
  const [plain, fast] = [lower(graph(), pico), lower(graph(), pico, { optimize: 'speed', weights: 'auto' })];
  const values = Float32Array.from({ length: plain.inputs[0]?.elements ?? 0 }, (_, i) => Math.sin(i));
  const bytes = new Uint8Array(values.buffer);
  assert.equal(inRam(plain).length, 0);
  assert.ok(inRam(fast).length > 0);
  const runs = [];
  for (const program of [plain, fast]) runs.push(await runOnVirtualBoard(program, pico, [[bytes]], cache));
  assert.deepEqual(runs[1]?.inferences[0]?.outputs, runs[0]?.inferences[0]?.outputs);
  assert.ok((runs[1]?.inferences[0]?.cycles ?? 0) < (runs[0]?.inferences[0]?.cycles ?? 0));
  assert.ok(predictLatency(fast, pico).cycles < predictLatency(plain, pico).cycles);
  const built = await buildArm(fast, pico, cache);
  assert.ok(built.kind === 'built');
  const { ramBytes, sections } = predictSizes(fast, pico);
  assert.equal(ramBytes, built.linked.data + built.linked.bss);
  assert.equal(sections.data, built.linked.data);
});

test('constants stay in flash that does not wait, and where RAM is short', { skip: skipWithoutShared() }, () => {
  const { flashTiming: _, ...patient } = pico;
  assert.equal(inRam(lower(graph(), patient, { optimize: 'speed' })).length, 0);
  const small = { ...pico, ramBytes: predictSizes(lower(graph(), pico)).ramBytes + 1024 };
  assert.equal(inRam(lower(graph(), small, { optimize: 'speed' })).length, 0);
});

const mlperf = (name: string) => fuseQuantized(importOnnx(modelBytes('mlperf-tiny', `${name}.int8-pc`)));

test('the code of inner loops goes to RAM where constants stay in flash: same outputs, fewer cycles', {
  skip: isMissing(armToolchain()) ? 'no Arm compiler' : skipWithoutShared(),
}, async () => {
  const program = lower(mlperf('ad-autoencoder'), pico, { optimize: 'speed' });
  assert.ok((program.codeInRam?.length ?? 0) > 0);
  const { codeInRam: _, ...rest } = program;
  const bytes = new Uint8Array(new Float32Array(program.inputs[0]?.elements ?? 0).fill(0.25).buffer);
  const runs = [];
  for (const each of [rest, program]) runs.push((await runOnVirtualBoard(each, pico, [[bytes]], cache)).inferences[0]);
  assert.deepEqual(runs[1]?.outputs, runs[0]?.outputs);
  assert.ok((runs[1]?.cycles ?? 0) < (runs[0]?.cycles ?? 0));
});

test('code in RAM counts in RAM and flash, with what leads to it and back', {
  skip: isMissing(armToolchain()) ? 'no Arm compiler' : skipWithoutShared(),
}, async () => {
  for (const name of ['kws-dscnn', 'ad-autoencoder']) {
    const program = lower(mlperf(name), pico);
    const codeInRam = hotFunctions(calledFunctions(program));
    const moved = { ...program, codeInRam };
    const { ramBytes, romBytes } = predictSizes(moved, pico);
    const built = await buildArm(moved, pico, cache);
    assert.ok(built.kind === 'built');
    const { text, rodata, data, bss } = built.linked;
    assert.equal(ramBytes, data + bss);
    assert.ok(ramBytes > predictSizes(program, pico).ramBytes);
    assert.ok(Math.abs(romBytes / (text + rodata + data) - 1) < 0.01);
  }
});

test('code stays in flash where it never waits', { skip: skipWithoutShared() }, () => {
  const program = lower(mlperf('kws-dscnn'), board('nano33ble'), { optimize: 'speed' });
  assert.equal(program.codeInRam, undefined);
});
