import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { bytesOfTensor, referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const cache = temporaryCache();
const noCompiler = isMissing(hostToolchain()) ? 'no C compiler' : false;
const skip = skipWithoutShared() || noCompiler;

async function runReference(name: string, count: number) {
  const model = referenceModel(name);
  const graph = fuseQuantized(model.graph);
  const built = await buildHost(lower(graph, board('host')), cache);
  assert.equal(built.kind, 'built');
  if (built.kind !== 'built') throw new Error('unreachable');
  const samples = Array.from({ length: Math.min(count, model.samples) }, (_, index) => model.bytes('input', index));
  return { model, graph, run: await runHost(built, samples) };
}

const INTEGER_MODELS = [
  'lenet/lenet5-classic.int8-pc',
  'lenet/lenet5-classic.int8-pt',
  'lenet/lenet5-classic.uint8',
  'lenet/lenet5-classic.qop-pc',
  'har/har-cnn1d.int8-pc',
  'har/har-mlp.int8-pt',
  'har/har-resnet1d.int8-pc',
  'mlperf-tiny/kws-dscnn.int8-pc',
  'mlperf-tiny/kws-dscnn.uint8',
  'mlperf-tiny/ic-resnet8.int8-pt',
];

for (const name of INTEGER_MODELS) {
  test(`${name}: C, interpreter and ONNX Runtime's integer kernels agree byte for byte`, { skip }, async () => {
    const { model, graph, run } = await runReference(name, 3);
    run.outputs.forEach((outputs, sample) => {
      const expected = interpret(graph, model.inputs(sample));
      graph.outputs.forEach((output, index) => {
        const reference = expected.get(output);
        assert.ok(reference !== undefined);
        assert.deepEqual(outputs[index], Uint8Array.from(bytesOfTensor(reference)));
      });
      assert.deepEqual(outputs, model.bytes('output_fused', sample));
    });
  });
}

for (const name of ['lenet/lenet5-classic', 'har/har-cnn1d', 'mlperf-tiny/kws-dscnn', 'mlperf-tiny/ic-resnet8']) {
  test(`${name}: C in float32 is within 1e-5 of ONNX Runtime`, { skip }, async () => {
    const { model, run } = await runReference(name, 3);
    run.outputs.forEach((outputs, sample) => {
      model.bytes('output', sample).forEach((bytes, index) => {
        const expected = new Float32Array(bytes.buffer);
        const got = new Float32Array((outputs[index] ?? new Uint8Array()).slice().buffer);
        const scale = Math.max(...expected.map(Math.abs));
        expected.forEach((value, i) => {
          assert.ok(
            Math.abs(value - (got[i] ?? Number.NaN)) <= 1e-5 * scale,
            `element ${i}: ${got[i]} instead of ${value}`,
          );
        });
      });
    });
  });
}

test('a second build of the same network comes from the cache', { skip }, async () => {
  const program = lower(fuseQuantized(referenceModel('har/har-mlp.int8-pc').graph), board('host'));
  const [first, second] = [await buildHost(program, cache), await buildHost(program, cache)];
  assert.ok(first.kind === 'built' && second.kind === 'built');
  assert.equal(second.cached, true);
  assert.equal(second.executable, first.executable);
  await assert.rejects(runHost(second, [[new Uint8Array(3)]]), /takes 2400 bytes, got 3/);
});
