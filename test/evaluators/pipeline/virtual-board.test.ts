import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { modelLatency, WrongOutputError } from '../../../evaluators/pipeline/board-latency.ts';
import { runOnVirtualBoard } from '../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const skip = skipWithoutShared() || (isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false);

for (const name of ['pico', 'nano33ble'] as const) {
  test(`${name} computes the outputs of ONNX Runtime, and the layers add up to the cycles`, { skip }, async () => {
    const model = referenceModel('lenet/lenet5-classic.int8-pc');
    const program = lower(fuseQuantized(model.graph), board(name));
    const samples = [0, 1];
    const run = await runOnVirtualBoard(
      program,
      board(name),
      samples.map((sample) => model.bytes('input', sample)),
      cache,
    );
    samples.forEach((sample, i) => {
      assert.deepEqual(run.inferences[i].outputs, model.bytes('output_fused', sample));
    });
    const layers = run.layers.reduce((sum, { cycles }) => sum + cycles, 0);
    const { cycles } = run.inferences[1];
    assert.ok(layers <= cycles && layers > 0.98 * cycles, `${layers} of ${cycles}`);
    assert.ok(run.layers.every((layer) => layer.cycles > 0));
    assert.ok(run.stackBytes > 0 && run.stackBytes < 4096);
  });
}

test('a latency counts only when the outputs are the expected ones', { skip }, async () => {
  const model = referenceModel('har/har-mlp.int8-pc');
  const pico = board('pico');
  const program = lower(fuseQuantized(model.graph), pico);
  const kit = {
    inputs: model.bytes('input', 0),
    expectedOutputs: model.bytes('output_fused', 0),
  };
  const latency = await modelLatency(program, pico, kit, { buildFolder: cache });
  assert.equal(latency.provenance, 'modelled');
  assert.ok(latency.mean > 0);
  const [expected] = kit.expectedOutputs;
  const wrong = expected.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  await assert.rejects(
    modelLatency(program, pico, { ...kit, expectedOutputs: [wrong] }, { buildFolder: cache }),
    WrongOutputError,
  );
});
