/** Structured pruning: a pruned graph computes what the full graph computes with the removed structures set to zero, and hits the asked size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompressionError } from '../../../evaluators/compress/compression-error.ts';
import {
  analyzeDependencies,
  type DependencyAnalysis,
  dependencyGroups,
  prunableLayers,
} from '../../../evaluators/compress/dependencies/dependency-groups.ts';
import { removeStructures } from '../../../evaluators/compress/dependencies/remove-structures.ts';
import { pruneStructured } from '../../../evaluators/compress/prune-structured.ts';
import { countCost } from '../../../evaluators/ir/cost.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel } from './reference-io.ts';

const skip = skipWithoutShared();

/** The graph with everything that belongs to removed classes set to zero, in place of removing it. */
function masked(analysis: DependencyAnalysis, removed: Uint8Array): Graph {
  const initializers = new Map(analysis.graph.initializers);
  for (const member of analysis.members) {
    const old = initializers.get(member.tensor);
    if (old === undefined) continue;
    const data = Float32Array.from(old.data as Float32Array);
    const inner = elementCount(old.shape.slice(member.axis + 1));
    for (let i = 0; i < data.length; i++) {
      const unit = member.units[Math.floor(i / inner) % old.shape[member.axis]];
      if (removed[analysis.classOf[unit]] === 1) data[i] = 0;
    }
    initializers.set(member.tensor, tensor('float32', old.shape, data));
  }
  return { ...analysis.graph, initializers };
}

function randomInput(graph: Graph, seed: number): Map<string, Tensor> {
  const stream = createStream(seed, 'input');
  return new Map(
    graph.inputs.map(({ name, shape }) => {
      const data = Float32Array.from({ length: elementCount(shape) }, () => stream.nextNormal());
      return [name, tensor('float32', shape, data)];
    }),
  );
}

function randomRemoval(analysis: DependencyAnalysis, share: number, seed: number): Uint8Array {
  const stream = createStream(seed, 'removal');
  const removed = new Uint8Array(analysis.classCount);
  for (const group of analysis.groups) {
    if (group.frozen !== undefined) continue;
    for (const index of group.classes.slice(1)) removed[index] = stream.nextFloat() < share ? 1 : 0;
  }
  return removed;
}

function assertClose(actual: Map<string, Tensor>, expected: Map<string, Tensor>): void {
  for (const [name, tensorExpected] of expected) {
    const data = actual.get(name)?.data ?? [];
    const largest = Math.max(
      1e-6,
      ...Array.from<number | bigint, number>(tensorExpected.data, (value) => Math.abs(Number(value))),
    );
    for (let i = 0; i < tensorExpected.data.length; i++) {
      const distance = Math.abs(Number(data[i]) - Number(tensorExpected.data[i]));
      assert.ok(distance <= 1e-4 * largest, `${name}[${i}]: ${data[i]} instead of ${tensorExpected.data[i]}`);
    }
  }
}

const NETWORKS = [
  'lenet/lenet5-classic',
  'har/har-cnn1d',
  'har/har-resnet1d',
  'har/har-lstm',
  'har/har-gru',
  'mlperf-tiny/kws-dscnn',
  'mlperf-tiny/ad-autoencoder',
];

for (const name of NETWORKS) {
  test(`${name}: removed structures equal zeroed ones`, { skip }, () => {
    const analysis = analyzeDependencies(readModel(name));
    for (const [share, seed] of [
      [0.3, 1],
      [0.8, 2],
    ]) {
      const removed = randomRemoval(analysis, share, seed);
      const small = removeStructures(analysis, removed);
      const input = randomInput(small, seed);
      assert.ok(countCost(small).params < countCost(analysis.graph).params);
      assertClose(interpret(small, input), interpret(masked(analysis, removed), input));
    }
  });
}

/** conv -> (conv, grouped conv) -> concat -> split/slice -> add -> depthwise -> flatten -> dense. */
function branchyGraph(channels: number, seed: number): Graph {
  const stream = createStream(seed, 'weights');
  const initializers = new Map<string, Tensor>();
  const weight = (name: string, shape: number[]): string => {
    initializers.set(
      name,
      tensor(
        'float32',
        shape,
        Float32Array.from({ length: elementCount(shape) }, () => stream.nextNormal() * 0.4),
      ),
    );
    return name;
  };
  const window = { kernelShape: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
  const conv = (name: string, x: string, inputs: number, outputs: number, group = 1) => ({
    name,
    op: { kind: 'Conv', group, ...window } as const,
    inputs: [x, weight(`${name}.w`, [outputs, inputs / group, 3, 3]), weight(`${name}.b`, [outputs])],
    outputs: [`${name}.y`],
  });
  const c = channels;
  const shape = [1, 2 * c, 5, 5];
  const nodes: Graph['nodes'] = [
    conv('a', 'x', 2, c),
    conv('b', 'a.y', c, c),
    conv('g', 'a.y', c, c, c % 2 === 0 ? 2 : 1),
    { name: 'cat', op: { kind: 'Concat', axis: 1 }, inputs: ['b.y', 'g.y'], outputs: ['cat.y'] },
    { name: 'split', op: { kind: 'Split', axis: 1, sizes: [c, c] }, inputs: ['cat.y'], outputs: ['left', 'right'] },
    { name: 'add', op: { kind: 'Binary', fn: 'Add' }, inputs: ['right', 'a.y'], outputs: ['sum'] },
    { name: 'cat2', op: { kind: 'Concat', axis: 1 }, inputs: ['sum', 'left'], outputs: ['cat2.y'] },
    { name: 'relu', op: { kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, inputs: ['cat2.y'], outputs: ['act'] },
    conv('dw', 'act', 2 * c, 2 * c, 2 * c),
    {
      name: 'cut',
      op: { kind: 'Slice', starts: [0, 1, 0, 0], steps: [1, 1, 1, 1], sizes: [1, 2 * c - 1, 5, 5] },
      inputs: ['dw.y'],
      outputs: ['cut.y'],
    },
    { name: 'flat', op: { kind: 'Reshape', shape: [1, (2 * c - 1) * 25] }, inputs: ['cut.y'], outputs: ['flat.y'] },
    {
      name: 'fc',
      op: { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true },
      inputs: ['flat.y', weight('fc.w', [4, (2 * c - 1) * 25]), weight('fc.b', [4])],
      outputs: ['y'],
    },
  ];
  const float = (name: string, of: number[]) => [name, { name, dtype: 'float32' as const, shape: of }] as const;
  const plane = (name: string, count: number) => float(name, [1, count, 5, 5]);
  return {
    name: 'branchy',
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, 2, 5, 5] }],
    outputs: ['y'],
    nodes,
    initializers,
    values: new Map([
      plane('x', 2),
      ...['a.y', 'b.y', 'g.y', 'left', 'right', 'sum'].map((name) => plane(name, c)),
      ...['cat.y', 'cat2.y', 'act', 'dw.y'].map((name) => float(name, shape)),
      plane('cut.y', 2 * c - 1),
      float('flat.y', [1, (2 * c - 1) * 25]),
      float('y', [1, 4]),
      ...[...initializers].map(([name, value]) => float(name, [...value.shape])),
    ]),
  };
}

test('branches, concatenation, slices, grouped and depthwise convolutions, any removal', () => {
  const arbitrary = fc.record({
    channels: fc.integer({ min: 2, max: 7 }),
    share: fc.double({ min: 0, max: 0.9, noNaN: true }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ channels, share, seed }) => {
      const analysis = analyzeDependencies(branchyGraph(channels, seed));
      const removed = randomRemoval(analysis, share, seed);
      const small = removeStructures(analysis, removed);
      const input = randomInput(small, seed);
      assertClose(interpret(small, input), interpret(masked(analysis, removed), input));
    }),
    { seed: 21, numRuns: 60 },
  );
});

for (const name of [
  'lenet/lenet-mnist',
  'mlperf-tiny/ic-resnet8',
  'mlperf-tiny/kws-dscnn',
  'mlperf-tiny/vww-mobilenetv1',
]) {
  test(`${name}: parameters and multiply-accumulates land within 0.5 % of the asked`, { skip }, () => {
    const graph = readModel(name);
    for (const metric of ['params', 'macs'] as const) {
      for (const remove of [0.2, 0.5, 0.8, 0.95]) {
        const { graph: small, achieved } = pruneStructured(graph, {
          granularity: 'structured',
          heuristic: 'l1',
          target: { metric, remove },
        });
        const asked = countCost(graph)[metric] * (1 - remove);
        assert.ok(
          Math.abs(countCost(small)[metric] / asked - 1) <= 0.005,
          `${metric} ${remove}: ${achieved.target?.achieved} of ${asked}`,
        );
      }
    }
  });
}

test('an upper bound is never exceeded; roundTo leaves multiples', { skip }, () => {
  const graph = readModel('mlperf-tiny/ic-resnet8');
  const { achieved } = pruneStructured(graph, {
    granularity: 'structured',
    heuristic: 'l2',
    target: { metric: 'params', atMost: 30_000 },
    roundTo: 4,
  });
  assert.ok(achieved.params.after <= 30_000);
  for (const layer of achieved.layers) assert.equal(layer.after % 4, 0, layer.name);
});

test('layers by name: shares, widths, and clear errors', { skip }, () => {
  const graph = readModel('lenet/lenet5-classic');
  const [first, second] = prunableLayers(graph);
  const { achieved } = pruneStructured(graph, {
    granularity: 'structured',
    heuristic: 'l1',
    layers: { [first.name]: 0.5, [second.name]: { keep: 5 } },
  });
  assert.deepEqual(
    achieved.layers.slice(0, 2).map((layer) => layer.after),
    [3, 5],
  );
  const failure = (layers: Record<string, number | { keep: number }>, code: string, text: RegExp): void => {
    assert.throws(
      () => pruneStructured(graph, { granularity: 'structured', heuristic: 'l1', layers }),
      (error: unknown) => error instanceof CompressionError && error.code === code && text.test(error.message),
    );
  };
  failure({ nonsense: 0.5 }, 'UNKNOWN_LAYER', /nonsense.*layers that can be pruned/);
  failure({ [first.name]: { keep: 7 } }, 'CANNOT_PRUNE', /has 6 structures and cannot keep 7/);
  failure({ [first.name]: 1 }, 'CANNOT_PRUNE', /must keep at least 1/);
  const last = dependencyGroups(graph).find((group) => group.frozen !== undefined);
  failure({ [last?.layers[0] ?? '']: 0.5 }, 'CANNOT_PRUNE', /output of the network/);
  assert.throws(
    () =>
      pruneStructured(graph, { granularity: 'structured', heuristic: 'l1', target: { metric: 'params', atMost: 10 } }),
    (error: unknown) => error instanceof CompressionError && error.code === 'TARGET_UNREACHABLE',
  );
});
