/** MLPerf Tiny networks in patches on virtual boards: stored outputs, memory as foretold and below the targets, few more cycles. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildArm } from '../../../evaluators/build/build-arm.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { predictSizes } from '../../../evaluators/codegen/predict/predict-sizes.ts';
import type { Program } from '../../../evaluators/codegen/program.ts';
import { fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { previewSizes } from '../../../evaluators/pipeline/size-preview.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const skip = skipWithoutShared() || (isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false);

const CASES = [
  { model: 'ic-resnet8.tflite-int8', on: 'nano33ble', mostBytes: 22_900 },
  { model: 'vww-mobilenetv1.tflite-int8', on: 'nano33ble', mostBytes: 28_200 },
  { model: 'ic-resnet8.tflite-int8', on: 'pico', mostBytes: 33_000 },
] as const;

for (const { model, on, mostBytes } of CASES) {
  test(`${model} on ${on} in patches`, { skip }, async () => {
    const reference = referenceModel(`mlperf-tiny/${model}`);
    const graph = fuseQuantized(reference.graph);
    const target = board(on);
    const samples = [0, 1];
    const inputs = samples.map((sample) => reference.bytes('input', sample));
    const run = (program: Program) => runOnVirtualBoard(program, target, inputs, cache);
    const whole = await run(lower(graph, target));
    const program = lower(graph, target, { optimize: 'ram' });
    const patched = await run(program);
    assert.ok(program.loops.length > 0);
    assert.ok(program.arenaBytes <= mostBytes, `${program.arenaBytes} bytes`);
    assert.equal(program.memory.peakBytes, program.memory.lowerBoundBytes);
    assert.deepEqual(
      patched.inferences.map(({ outputs }) => outputs),
      whole.inferences.map(({ outputs }) => outputs),
    );
    const [before, after] = [whole, patched].map(({ inferences }) => inferences[1]?.cycles ?? 0);
    assert.ok(after <= 1.15 * before, `${after} cycles instead of ${before}`);
    const build = await buildArm(program, target, cache);
    assert.ok(build.kind === 'built');
    const { text, rodata, data, bss } = build.linked;
    const { romBytes, ramBytes } = predictSizes(program);
    assert.equal(ramBytes, data + bss);
    assert.ok(Math.abs(romBytes / (text + rodata + data) - 1) <= 0.01, `${romBytes} foretold`);
  });
}

test('a compression plan may ask for RAM', { skip: skipWithoutShared() }, () => {
  const graph = referenceModel('lenet/lenet-mnist').graph;
  const nano = board('nano33ble');
  const sizes = (optimize: 'balanced' | 'ram') =>
    previewSizes(graph, { quantize: { format: 'int8' }, optimize }, nano) ?? assert.fail();
  assert.ok(sizes('ram').ramBytes < 0.75 * sizes('balanced').ramBytes);
  assert.equal(sizes('ram').macs, sizes('balanced').macs);
});
