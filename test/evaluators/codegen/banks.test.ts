/** Networks over several banks of RAM: no bank overflows, the C has an arena in each, and computes the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitC, fuseQuantized, lower, predictSizes } from '@tinypareto/evaluators';
import type { BoardSpec, RamBank } from '../../../evaluators/board-spec.ts';
import { buildArm } from '../../../evaluators/build/build-arm.ts';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { joinBanks } from '../../../evaluators/codegen/assign-memory.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const skip = skipWithoutShared() || (isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false);

function withBanks(spec: BoardSpec, ramBanks: readonly RamBank[]): BoardSpec {
  return { ...spec, ramBanks, ramBytes: ramBanks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

test('image classification in two banks of 20 KiB', { skip }, async () => {
  const reference = referenceModel('mlperf-tiny/ic-resnet8.tflite-int8');
  const graph = fuseQuantized(reference.graph);
  const nano = board('nano33ble');
  const banked = withBanks(nano, [
    { name: 'main', bytes: 20_480 },
    { name: 'second', bytes: 20_480, section: '.bss.second' },
  ]);
  const program = lower(graph, banked);
  assert.deepEqual(
    program.arenas.map(({ name }) => name),
    ['arena_main', 'arena_second'],
  );
  assert.ok(program.arenas.every(({ bytes }) => bytes <= 20_480));
  const { files } = emitC(program);
  const code = files.find(({ path }) => path === 'net.c')?.text ?? '';
  assert.match(code, /#define NET_ARENA_SECOND_SECTION __attribute__\(\(section\("\.bss\.second"\)\)\)/);
  const inputs = [0, 1].map((sample) => reference.bytes('input', sample));
  const [one, two] = await Promise.all(
    [lower(graph, nano), program].map((each) => runOnVirtualBoard(each, each.board, inputs, cache)),
  );
  const outputs = [one, two].map((run) => run?.inferences.map((inference) => inference.outputs));
  assert.deepEqual(outputs[1], outputs[0]);
  const build = await buildArm(program, banked, cache);
  assert.ok(build.kind === 'built');
  assert.equal(predictSizes(program).ramBytes, build.linked.data + build.linked.bss);
});

test('what fits the first bank stays in it, what fits no bank runs in patches', { skip: skipWithoutShared() }, () => {
  const graph = fuseQuantized(referenceModel('mlperf-tiny/ic-resnet8.tflite-int8').graph);
  const nano = board('nano33ble');
  const roomy = withBanks(nano, [
    { name: 'main', bytes: 65_536 },
    { name: 'second', bytes: 4_096 },
  ]);
  const [only] = lower(graph, roomy, { patches: 'none' }).arenas;
  assert.deepEqual([only?.name, only?.bytes], ['arena_main', lower(graph, nano, { patches: 'none' }).arenaBytes]);
  const scarce = withBanks(nano, [
    { name: 'main', bytes: 28_672 },
    { name: 'second', bytes: 4_096 },
  ]);
  const patched = lower(graph, scarce);
  assert.ok(patched.fitsBanks && patched.loops.length > 0);
});

test('banks that follow each other are one', () => {
  const banks: RamBank[] = [
    { name: 'striped', bytes: 262_144, address: 0x20000000 },
    { name: 'scratch_x', bytes: 4_096, address: 0x20040000 },
    { name: 'scratch_y', bytes: 4_096, address: 0x20041000 },
    { name: 'far', bytes: 4_096, address: 0x30000000 },
  ];
  assert.deepEqual(
    joinBanks(banks).map(({ name, bytes }) => [name, bytes]),
    [
      ['striped', 270_336],
      ['far', 4_096],
    ],
  );
});
