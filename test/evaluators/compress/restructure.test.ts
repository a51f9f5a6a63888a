/** Structure changes: exact where the weights allow it, never more multiply-accumulates, clear refusals, and they train. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compress } from '../../../evaluators/compress/compress.ts';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import { prunableLayers } from '../../../evaluators/compress/dependencies/dependency-groups.ts';
import { inferGraph } from '../../../evaluators/compress/infer-graph.ts';
import { factorize, multiply } from '../../../evaluators/compress/restructure/low-rank-factors.ts';
import { restructure } from '../../../evaluators/compress/restructure/restructure.ts';
import type { RestructureChoice } from '../../../evaluators/compress/restructure/restructure-choices.ts';
import type { Restructure } from '../../../evaluators/compression-plan.ts';
import { countCost } from '../../../evaluators/ir/cost.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

const skip = skipWithoutShared();

function random(shape: readonly number[], name: string): Float32Array {
  const stream = createStream(5, name);
  return Float32Array.from({ length: elementCount(shape) }, () => stream.nextNormal());
}

/** Σ over `rank` of one factor per axis: every unfolding has at most that rank. */
function lowRankTensor(shape: readonly number[], rank: number): Float32Array {
  const factors = shape.map((size, axis) => random([size, rank], `factor${axis}`));
  const data = new Float32Array(elementCount(shape));
  for (let at = 0; at < data.length; at++) {
    for (let r = 0; r < rank; r++) {
      let [product, rest] = [1, at];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        product *= factors[axis][(rest % shape[axis]) * rank + r];
        rest = Math.floor(rest / shape[axis]);
      }
      data[at] += product;
    }
  }
  return data;
}

interface Window {
  readonly kernel: readonly number[];
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly number[];
}

const SIZE = 13;

function convGraph(weight: Tensor, { kernel, stride, dilation, pads }: Window): Graph {
  const [outputs, inputs] = weight.shape;
  const x = { name: 'x', dtype: 'float32', shape: [1, inputs, ...kernel.map(() => SIZE)] } as const;
  const op = {
    kind: 'Conv',
    group: 1,
    kernelShape: [...kernel],
    strides: kernel.map(() => stride),
    dilations: kernel.map(() => dilation),
    pads: [...pads],
    clamp: { min: -1.5, max: 4 },
  } as const;
  return inferGraph({
    name: 'conv',
    inputs: [x],
    outputs: ['y'],
    nodes: [{ name: 'conv', op, inputs: ['x', 'w', 'b'], outputs: ['y'] }],
    initializers: new Map<string, Tensor>([
      ['w', weight],
      ['b', tensor('float32', [outputs], random([outputs], 'bias'))],
    ]),
    values: new Map([['x', x]]),
  });
}

function assertSame(actual: Graph, expected: Graph): void {
  const [{ name, shape }] = expected.inputs;
  const input = new Map<string, Tensor>([[name, tensor('float32', shape, random(shape, 'input'))]]);
  const [a, b] = [actual, expected].map((graph) => interpret(graph, input).get(graph.outputs[0]));
  assert.deepEqual(a?.shape, b?.shape);
  const [x, y] = [a?.data ?? [], b?.data ?? []].map((data) => Array.from<number | bigint, number>(data, Number));
  const scale = Math.max(1e-3, ...y.map(Math.abs));
  for (const [i, value] of y.entries()) {
    assert.ok(Math.abs(x[i] - value) <= 2e-3 * scale, `[${i}] is ${x[i]} instead of ${value}`);
  }
}

const windows = fc
  .record({
    kernel: fc.oneof(fc.constant([3]), fc.constant([3, 3]), fc.constant([3, 2]), fc.constant([5, 3])),
    stride: fc.integer({ min: 1, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    seed: fc.integer({ min: 0, max: 80 }),
  })
  .map(
    ({ seed, ...rest }): Window => ({ ...rest, pads: [...rest.kernel, ...rest.kernel].map((_, i) => (seed >> i) % 3) }),
  );

test('a product of factors is found again, and the best approximation leaves only the small singular values', () => {
  for (const [m, n] of [
    [7, 12],
    [300, 40],
    [300, 290],
  ]) {
    const exact = Float64Array.from(lowRankTensor([m, n], 3));
    const { left, right } = factorize(exact, m, n, 3);
    const again = multiply(left, right, m, 3, n);
    const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - again[i])), 0);
    assert.ok(worst < 1e-6, `${m}×${n}: off by ${worst}`);
  }
  const diagonal = new Float64Array(25);
  [5, 4, 3, 2, 1].forEach((value, i) => {
    diagonal[((i * 3) % 5) * 5 + i] = value;
  });
  const { left, right } = factorize(diagonal, 5, 5, 3);
  const error = multiply(left, right, 5, 3, 5).reduce((sum, value, i) => sum + (value - diagonal[i]) ** 2, 0);
  assert.ok(Math.abs(error - 5) < 1e-9, `squared error ${error} instead of 2² + 1²`);
});

test('weights of low rank are taken apart without loss, for any window', () => {
  const methods: Restructure[] = [{ lowRank: 2 }, { lowRank: 2, method: 'svd' }, { lowRank: 2, method: 'cp' }];
  fc.assert(
    fc.property(windows, fc.constantFrom(...methods), (window, change) => {
      const shape = [9, 8, ...window.kernel];
      const graph = convGraph(tensor('float32', shape, lowRankTensor(shape, 2)), window);
      const result = restructure(graph, { conv: change });
      assertSame(result.graph, graph);
      assert.ok(result.layers[0].macs.after < result.layers[0].macs.before);
    }),
    { numRuns: 30, seed: 11 },
  );
});

test('a product of a per-channel kernel and a mixture becomes depthwise and pointwise without loss', () => {
  fc.assert(
    fc.property(windows, (window) => {
      const kernel = window.kernel.reduce((a, b) => a * b, 1);
      const [depthwise, pointwise] = [random([6, kernel], 'depthwise'), random([7, 6], 'pointwise')];
      const data = Float32Array.from({ length: 42 * kernel }, (_, i) => {
        const [m, c] = [Math.floor(i / (6 * kernel)), Math.floor(i / kernel) % 6];
        return pointwise[m * 6 + c] * depthwise[c * kernel + (i % kernel)];
      });
      const graph = convGraph(tensor('float32', [7, 6, ...window.kernel], data), window);
      const result = restructure(graph, { conv: 'depthwiseSeparable' });
      assertSame(result.graph, graph);
      const macs = countCost(result.graph).macs;
      assert.equal(macs / countCost(graph).macs, (6 * kernel + 42) / (42 * kernel));
    }),
    { numRuns: 20, seed: 12 },
  );
});

test('a kernel with zeros around its middle shrinks without loss, with pads or by cropping', () => {
  fc.assert(
    fc.property(windows, (window) => {
      const shape = [4, 3, ...window.kernel];
      const data = random(shape, 'weights').map((value, i) => {
        const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
        const outside = window.kernel.some((length, k) => Math.floor(i / strides[k + 2]) % length !== length >> 1);
        return outside ? 0 : value;
      });
      const graph = convGraph(tensor('float32', shape, data), window);
      const result = restructure(graph, { conv: { kernel: 1 } });
      assertSame(result.graph, graph);
      assert.equal(countCost(result.graph).macs * window.kernel.reduce((a, b) => a * b, 1), countCost(graph).macs);
    }),
    { numRuns: 20, seed: 13 },
  );
});

test('refusals say what is wrong', { skip }, () => {
  const graph = readModel('mlperf-tiny/kws-dscnn');
  const depthwise = graph.nodes.find(({ op }) => op.kind === 'Conv' && op.group > 1)?.name ?? '';
  const first = graph.nodes.find(({ op }) => op.kind === 'Conv')?.name ?? '';
  const refused = (changes: Record<string, Restructure>, code: string, text: RegExp): void => {
    assert.throws(
      () => restructure(graph, changes),
      (error: unknown) => error instanceof CompressionError && error.code === code && text.test(error.message),
    );
  };
  refused({ nowhere: 'depthwiseSeparable' }, 'UNKNOWN_LAYER', /no layer "nowhere"/);
  refused({ [depthwise]: 'depthwiseSeparable' }, 'CANNOT_RESTRUCTURE', /groups/);
  refused({ [first]: { kernel: 11 } }, 'CANNOT_RESTRUCTURE', /not larger than 11/);
  refused({ [first]: { lowRank: 1000 } }, 'CANNOT_RESTRUCTURE', /no more than 1000/);
  refused({ [first]: { lowRank: 0 } }, 'BAD_PLAN', /whole number/);
  refused({ [first]: { lowRank: 60 } }, 'CANNOT_RESTRUCTURE', /instead of/);
});

test('the changes offered for a layer are those that save', { skip }, () => {
  const names: RestructureChoice['name'][] = ['depthwiseSeparable', 'lowRankHalf', 'lowRankQuarter', 'smallerKernel'];
  for (const model of ['lenet/lenet5-classic', 'mlperf-tiny/kws-dscnn', 'har/har-mlp', 'har/har-resnet1d']) {
    const graph = readModel(model);
    for (const layer of prunableLayers(graph)) {
      for (const { name, change } of layer.restructures) {
        assert.ok(names.includes(name));
        const { layers } = restructure(graph, { [layer.name]: change });
        assert.ok(layers[0].macs.after < layers[0].macs.before, `${model} ${layer.name} ${name}`);
      }
    }
  }
});

test('every ordinary layer of the reference networks changes, and every change saves', { skip }, () => {
  for (const name of ['lenet/lenet5-classic', 'mlperf-tiny/kws-dscnn', 'mlperf-tiny/ic-resnet8', 'har/har-resnet1d']) {
    const graph = readModel(name);
    let changed = 0;
    for (const node of graph.nodes) {
      if (node.op.kind !== 'Conv' && node.op.kind !== 'Gemm') continue;
      const changes: Restructure[] = [
        { lowRank: 2 },
        { lowRank: 2, method: 'cp' },
        'depthwiseSeparable',
        { kernel: 1 },
      ];
      for (const change of changes) {
        try {
          const result = restructure(graph, { [node.name]: change });
          assert.ok(countCost(result.graph).macs < countCost(graph).macs);
          changed++;
        } catch (error) {
          assert.ok(error instanceof CompressionError && error.code === 'CANNOT_RESTRUCTURE', String(error));
        }
      }
    }
    assert.ok(changed >= 8, `${name}: only ${changed} changes`);
  }
});

test('changed, pruned, trained and quantized in one plan', { skip }, async () => {
  const folder = sharedPath('models', 'data');
  const files = (which: string) => ({
    images: `mnist-${which}1000-images-idx3-ubyte.gz`,
    labels: `mnist-${which}1000-labels-idx1-ubyte.gz`,
  });
  const dataset = loadDataset({ kind: 'idx', ...files('train'), test: files('test') }, folder);
  const graph = readModel('lenet/lenet5-classic');
  const layers = graph.nodes.filter(({ op }) => op.kind === 'Conv' || op.kind === 'Gemm').map(({ name }) => name);
  const plan = {
    restructure: { [layers[1]]: 'depthwiseSeparable', [layers[2]]: { lowRank: 24 } },
    prune: { granularity: 'structured', heuristic: 'l1', target: { metric: 'params', remove: 0.8 } },
    finetune: { epochs: 3, optimizer: 'nesterov', learningRate: 0.02, schedule: 'cosine', batchSize: 32 },
    quantize: { format: 'int8' },
    seed: 3,
  } as const;
  const { report } = await compress(graph, dataset, plan);
  const { before, after, restructure: changes, prune } = report.achieved;
  assert.equal(changes?.length, 2);
  assert.equal(report.training.length, 2);
  assert.ok(after.macs < before.macs);
  const asked = prune?.target?.asked ?? 0;
  assert.ok(Math.abs(asked - 0.2 * before.params) < 1, 'the share is of the uncompressed network');
  assert.ok(Math.abs(after.params - asked) <= 0.005 * asked, `${after.params} instead of ${asked}`);
  assert.ok(report.accuracy.after > 0.9, `accuracy ${report.accuracy.after}`);
});
