/** Quantization-aware training: the integer network is the one that was trained, zeros stay, plans that make no sense are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { compileInteger } from '../../../evaluators/compress/integer-engine/integer-program.ts';
import { forScaledInput, inputScale, withScaledInput } from '../../../evaluators/compress/quantization/input-scale.ts';
import type { CompressionPlan, FinetunePlan, QuantizePlan } from '../../../evaluators/compression-plan.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { writeSample } from '../../../evaluators/train/data/dataset.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel, referenceModel } from './reference-io.ts';

const skip = skipWithoutShared();
const mnist = () => loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 640, test: 500 } });
const FINETUNE: FinetunePlan = { epochs: 1, optimizer: 'sgd', learningRate: 0.01, batchSize: 32, schedule: 'cosine' };

const PLANS: readonly QuantizePlan[] = [
  { format: 'int8', mode: 'qat' },
  { format: 'uint8', granularity: 'tensor', mode: 'qat', learnSteps: true },
  { format: 'int4', mode: 'qat', adaptiveRounding: true },
  { format: 'int8', mode: 'qat', calibration: 'percentile', equalize: true },
];

for (const quantize of PLANS) {
  test(`${JSON.stringify(quantize)} costs at most a point and trains on its grids`, { skip }, async () => {
    const { report, integerGraph, quantizedGraph } = await compress(readModel('lenet/lenet5-classic'), mnist(), {
      quantize,
      finetune: FINETUNE,
    });
    assert.ok(report.accuracy.after >= report.accuracy.float - 0.01, `${report.accuracy.after}`);
    assert.equal(report.training.length, 1);
    assert.ok(integerGraph !== undefined && quantizedGraph !== undefined);
  });
}

test('after pruning, half of the epochs train in float and half on the grids; pruned weights stay zero', {
  skip,
}, async () => {
  const plan: CompressionPlan = {
    prune: { granularity: 'element', heuristic: 'level', target: { metric: 'params', remove: 0.7 } },
    finetune: { ...FINETUNE, epochs: 0.6 },
    quantize: { format: 'uint8', granularity: 'tensor', mode: 'qat' },
  };
  const { report, integerGraph } = await compress(readModel('lenet/lenet5-classic'), mnist(), plan);
  assert.deepEqual(
    report.training.map(({ epochs }) => epochs),
    [0.3, 0.3],
  );
  let [zeros, all] = [0, 0];
  for (const node of integerGraph?.nodes ?? []) {
    if (node.op.kind !== 'QLinearConv' && node.op.kind !== 'QGemm') continue;
    const weight = integerGraph?.initializers.get(node.inputs[3]);
    const zero = integerGraph?.initializers.get(node.inputs[5]);
    all += weight?.data.length ?? 0;
    weight?.data.forEach((value: number | bigint) => {
      if (value === zero?.data[0]) zeros++;
    });
  }
  assert.ok(zeros >= 0.69 * all, `${zeros} zeros of ${all}`);
});

test('inputs of another size: scaled weights and data are the same network, bit for bit', { skip }, () => {
  assert.equal(inputScale({ min: 0, max: 1 }), 1);
  assert.equal(inputScale({ min: 0, max: 255 }), 256);
  assert.equal(inputScale({ min: -0.02, max: 0.01 }), 1 / 64);
  const model = referenceModel('lenet/lenet5-classic');
  const dataset = mnist();
  const scaled = forScaledInput(model.graph, 64);
  assert.ok(scaled !== null);
  const [input] = model.graph.inputs;
  const run = (graph: typeof model.graph, data: Float32Array) =>
    interpret(graph, new Map([[input.name, { dtype: 'float32' as const, shape: input.shape, data }]])).get(
      graph.outputs[0],
    )?.data;
  const [plain, small] = [new Float32Array(784), new Float32Array(784)];
  writeSample(dataset, dataset.test, 3, plain, 0);
  writeSample(withScaledInput(dataset, 64), dataset.test, 3, small, 0);
  assert.deepEqual(run(scaled, small), run(model.graph, plain));
});

test('the trained integer network is the same in the engine and the reference operators', { skip }, async () => {
  const dataset = mnist();
  const { integerGraph } = await compress(readModel('lenet/lenet5-classic'), dataset, {
    quantize: { format: 'int8', mode: 'qat', learnSteps: true },
    finetune: { ...FINETUNE, epochs: 0.2 },
  });
  assert.ok(integerGraph !== undefined);
  const program = compileInteger(integerGraph);
  const [{ name, shape }] = integerGraph.inputs;
  for (let sample = 0; sample < 2; sample++) {
    const data = new Float32Array(784);
    writeSample(dataset, dataset.test, sample, data, 0);
    const input = { dtype: 'float32' as const, shape, data };
    const [output] = program.run([input]);
    assert.deepEqual(output.data, interpret(integerGraph, new Map([[name, input]])).get(integerGraph.outputs[0])?.data);
  }
});

test('plans that make no sense are refused with the reason', { skip }, async () => {
  const graph = readModel('lenet/lenet5-classic');
  const dataset = mnist();
  const cases: readonly (readonly [CompressionPlan, RegExp])[] = [
    [{ quantize: { format: 'int8', mode: 'qat' } }, /needs finetune/],
    [{ quantize: { format: 'float16', mode: 'qat' }, finetune: FINETUNE }, /float16 has none/],
    [{ quantize: { format: 'int8', learnSteps: true } }, /needs quantize.mode "qat"/],
    [{ quantize: { format: 'codebook', fallback: 'none' } }, /codebook layers compute in float/],
  ];
  for (const [plan, reason] of cases) {
    await assert.rejects(compress(graph, dataset, plan), (error: unknown) => {
      assert.ok(error instanceof CompressionError && error.code === 'BAD_PLAN');
      assert.match(error.message, reason);
      return true;
    });
  }
});
