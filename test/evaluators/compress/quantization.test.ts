/** Quantization of real networks: equal networks after equalization, integer results that match the fake-quantized graph, sparsity that survives. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { floatOperators, fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { pruneElements } from '../../../evaluators/compress/prune-elements.ts';
import { calibrate } from '../../../evaluators/compress/quantization/calibrate.ts';
import { equalize } from '../../../evaluators/compress/quantization/equalize.ts';
import { quantize } from '../../../evaluators/compress/quantization/quantize-graph.ts';
import { codebookOf } from '../../../evaluators/compress/quantization/stored-weights.ts';
import type { QuantizePlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import type { Tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { simplify } from '../../../evaluators/passes/simplify.ts';
import type { Dataset, Split } from '../../../evaluators/train/data/dataset.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';
import { readModel, referenceModel } from './reference-io.ts';

const skip = skipWithoutShared();

const mnist = () => loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 600, test: 500 } });

function outputs(graph: Graph, input: { readonly name: string; readonly tensor: Tensor }): Float32Array {
  const [first] = interpret(graph, new Map([[input.name, input.tensor]])).values();
  return first.data as Float32Array;
}

test('equalization changes weights, not outputs', { skip }, () => {
  for (const name of ['lenet/lenet5-classic', 'mlperf-tiny/kws-dscnn', 'har/har-cnn1d']) {
    const model = referenceModel(name);
    const before = simplify(model.graph);
    const after = equalize(before);
    assert.notDeepEqual([...after.initializers.values()], [...before.initializers.values()]);
    const [input] = model.tensors('input', 0);
    const [x, y] = [outputs(before, input), outputs(after, input)];
    x.forEach((value, i) => {
      assert.ok(
        Math.abs(value - y[i]) <= 1e-4 * Math.max(1, Math.abs(value)),
        `${name} output ${i}: ${y[i]} instead of ${value}`,
      );
    });
  }
});

for (const calibration of ['minmax', 'movingAverage', 'percentile', 'mse', 'entropy'] as const) {
  test(`calibration ${calibration}: the integer network has no float operator and keeps the class`, { skip }, () => {
    const model = referenceModel('lenet/lenet5-classic');
    const graph = simplify(model.graph);
    const dataset = mnist();
    const samples = {
      count: 64,
      write: (index: number, out: Float32Array, at: number) => {
        for (let i = 0; i < 784; i++) out[at + i] = dataset.train.samples[index * 784 + i] / 255;
      },
    };
    const ranges = calibrate(graph, samples, calibration);
    const integer = fuseQuantized(quantize(graph, ranges, { format: 'uint8', granularity: 'tensor' }), {
      fallback: 'none',
    });
    assert.deepEqual(floatOperators(integer), []);
    const best = (values: Float32Array): number => values.indexOf(Math.max(...values));
    for (let sample = 0; sample < 8; sample++) {
      const [input] = model.tensors('input', sample);
      assert.equal(best(outputs(integer, input)), best(outputs(graph, input)));
    }
  });
}

const PLANS: readonly QuantizePlan[] = [
  { format: 'int8', granularity: 'channel' },
  { format: 'int8', granularity: 'tensor', biasCorrection: true, equalize: true },
  { format: 'uint8', granularity: 'channel' },
  { format: 'int4', granularity: 'channel', adaptiveRounding: true },
  { format: 'float16' },
  { format: 'codebook' },
  { format: 'uint8', layers: { '/fc3/Gemm': 'float32' } },
];

for (const plan of PLANS) {
  test(`accuracy of ${JSON.stringify(plan)} stays within a point of float`, { skip }, async () => {
    const graph = readModel('lenet/lenet5-classic');
    const last = graph.nodes.filter((node) => node.op.kind === 'Gemm').at(-1)?.name ?? '';
    const layers = plan.layers === undefined ? {} : { layers: { [last]: 'float32' as const } };
    const { report } = await compress(graph, mnist(), { quantize: { ...plan, ...layers } });
    assert.ok(
      report.accuracy.after >= report.accuracy.float - 0.01,
      `${report.accuracy.after} after ${report.accuracy.float}`,
    );
  });
}

test('element pruning meets its share, leaves N of M, and its zeros survive training and quantization', {
  skip,
}, async () => {
  const graph = readModel('lenet/lenet5-classic');
  const half = pruneElements(graph, {
    granularity: 'element',
    heuristic: 'level',
    target: { metric: 'params', remove: 0.8 },
  });
  const { target } = half.achieved;
  assert.ok(target !== undefined && Math.abs(target.achieved / target.asked - 1) <= 0.005);
  const twoOfFour = pruneElements(graph, { granularity: 'nm', n: 2, m: 4, heuristic: 'l1' });
  for (const [name, mask] of twoOfFour.mask) {
    const shape = graph.initializers.get(name)?.shape ?? [];
    const depth = mask.length / shape[0];
    for (let row = 0; row < shape[0]; row++) {
      for (let first = 0; first < depth; first += 4) {
        const group = mask.subarray(row * depth + first, row * depth + Math.min(depth, first + 4));
        assert.ok(group.reduce((a, b) => a + b, 0) <= 2, name);
      }
    }
  }
  const { floatGraph, mask } = await compress(graph, mnist(), {
    prune: { granularity: 'element', heuristic: 'level', target: { metric: 'params', remove: 0.8 } },
    finetune: { epochs: 1, optimizer: 'sgd', learningRate: 0.01 },
    quantize: { format: 'uint8' },
  });
  for (const [name, kept] of mask ?? []) {
    const data = floatGraph.initializers.get(name)?.data ?? [];
    kept.forEach((keep, i) => {
      if (keep === 0) assert.equal(data[i], 0, name);
    });
  }
});

test('a codebook keeps zero and has at most the asked number of values', () => {
  const weights = Float32Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? 0 : Math.sin(i)));
  const { values, indices } = codebookOf(weights, 16);
  assert.equal(values.length, 16);
  weights.forEach((weight, i) => {
    if (weight === 0) assert.equal(values[indices[i]], 0);
  });
});

test('what a plan asks for and cannot be had is refused', { skip }, async () => {
  const graph = readModel('lenet/lenet5-classic');
  const refused = (error: unknown): boolean => error instanceof CompressionError && error.code === 'BAD_PLAN';
  await assert.rejects(compress(graph, mnist(), { quantize: { format: 'int8', mode: 'qat' } }), refused);
  const unknown = compress(graph, mnist(), { quantize: { format: 'float16', layers: { nowhere: 'codebook' } } });
  await assert.rejects(unknown, (error) => error instanceof CompressionError && error.code === 'UNKNOWN_LAYER');
  const recurrent = readModel('har/har-lstm');
  const lstm = recurrent.nodes.find(({ op }) => op.kind === 'LSTM')?.name ?? '';
  const asked = compress(recurrent, basicMotions(), { quantize: { format: 'float32', layers: { [lstm]: 'int8' } } });
  await assert.rejects(asked, (error) => refused(error) && /LSTM has no integer kernel/.test(String(error)));
});

test('integer-only deployment names every operator that would stay in float', { skip }, async () => {
  const graph = readModel('har/har-lstm');
  const samples = { count: 2, write: (_: number, out: Float32Array, at: number) => out.fill(0.5, at, at + 600) };
  const folded = simplify(graph);
  const quantized = quantize(folded, calibrate(folded, samples), { format: 'int8' });
  const left = floatOperators(fuseQuantized(quantized)).map(({ op, name }) => `${op.kind} "${name}"`);
  assert.ok(left.length > 0 && left.some((each) => each.startsWith('LSTM')));
  assert.throws(
    () => fuseQuantized(quantized, { fallback: 'none' }),
    (error: unknown) => {
      assert.ok(error instanceof CompressionError && error.code === 'FLOAT_OPERATORS_REMAIN');
      for (const each of left) assert.ok(error.message.includes(each), each);
      return true;
    },
  );
});

function basicMotions(): Dataset {
  const split = (name: string): Split => {
    const read = (file: string) => Uint8Array.from(readFileSync(sharedPath('models', 'data', file)));
    const labels = read(`basicmotions-${name}-labels.u8.bin`);
    const samples = new Float32Array(read(`basicmotions-${name}.f32.bin`).buffer);
    return { count: labels.length, samples, labels: Int32Array.from(labels) };
  };
  const normalisation = { scale: 1, mean: [0], std: [1] };
  const [train, test] = [split('train'), split('test')];
  return { name: 'basicmotions', inputShape: [6, 100], classes: 4, train, test, normalisation };
}

test('recurrent layers stay in float between integer layers, for batches of sequences', { skip }, async () => {
  for (const name of ['har/har-lstm', 'har/har-gru']) {
    const { report, integerGraph } = await compress(readModel(name), basicMotions(), { quantize: { format: 'int8' } });
    assert.ok(report.accuracy.after >= report.accuracy.float - 0.05, `${name}: ${report.accuracy.after}`);
    assert.ok(integerGraph !== undefined && floatOperators(integerGraph).length > 0);
  }
});
