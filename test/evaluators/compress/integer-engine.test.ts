/** The engine equals the reference operators bit for bit on random operators, shapes, scales and values. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { inferGraph } from '../../../evaluators/compress/infer-graph.ts';
import { compileInteger } from '../../../evaluators/compress/integer-engine/integer-program.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import type { Op } from '../../../evaluators/ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { createStream } from '../../../evaluators/train/rng.ts';

type Eight = 'int8' | 'uint8';

function random(dtype: Eight, shape: readonly number[], seed: number, purpose: string): Tensor {
  const stream = createStream(seed, purpose);
  const count = elementCount(shape);
  const data = dtype === 'int8' ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) data[i] = stream.nextInt(256);
  return { dtype, shape, data } as Tensor;
}

const scalarOf = (dtype: Eight, value: number): Tensor =>
  dtype === 'int8' ? tensor('int8', [], Int8Array.of(value)) : tensor('uint8', [], Uint8Array.of(value));
const scaleOf = (value: number): Tensor => tensor('float32', [], Float32Array.of(value));

/** A graph of one node: run-time inputs x (and b), all else constant. */
function single(
  op: Op,
  inputs: readonly (string | Tensor)[],
  runtime: readonly { name: string; dtype: Eight; shape: readonly number[] }[],
): Graph {
  const initializers = new Map<string, Tensor>();
  const names = inputs.map((input, i) => {
    if (typeof input === 'string') return input;
    initializers.set(`c${i}`, input);
    return `c${i}`;
  });
  return inferGraph({
    name: 'single',
    inputs: runtime,
    outputs: ['y'],
    nodes: [{ name: 'node', op, inputs: names, outputs: ['y'] }],
    initializers,
    values: new Map(),
  });
}

function compare(graph: Graph, feeds: readonly Tensor[], expectEngine = true): void {
  const program = compileInteger(graph, { batch: 3 });
  if (expectEngine) assert.deepEqual(program.fallbacks, []);
  const reference = interpret(graph, new Map(graph.inputs.map((input, i) => [input.name, feeds[i]])));
  const [output] = program.run(feeds);
  assert.deepEqual(output.data, reference.get('y')?.data);
}

const eight = fc.constantFrom<Eight>('int8', 'uint8');
const zeroOf = (dtype: Eight) =>
  dtype === 'int8' ? fc.integer({ min: -128, max: 127 }) : fc.integer({ min: 0, max: 255 });
const scale = fc.double({ min: 1e-3, max: 0.2, noNaN: true }).map(Math.fround);
const quantization = eight.chain((dtype) => fc.record({ dtype: fc.constant(dtype), zero: zeroOf(dtype), scale }));

const conv = fc
  .record({
    group: fc.constantFrom(1, 2, 3, 8),
    perGroup: fc.integer({ min: 1, max: 5 }),
    outPerGroup: fc.integer({ min: 1, max: 6 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 3 }))),
    size: fc.tuple(fc.integer({ min: 7, max: 19 }), fc.integer({ min: 7, max: 19 })),
    x: quantization,
    w: eight,
    perChannel: fc.boolean(),
    y: quantization,
    outputScale: fc.double({ min: 0.05, max: 20, noNaN: true }).map(Math.fround),
    bias: fc.boolean(),
    relu: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1e6 }),
    oneAxis: fc.boolean(),
  })
  .map((c) => {
    const spatial = c.oneAxis ? [c.size[1]] : c.size;
    const channels = c.group * c.perGroup;
    const outputs = c.group * c.outPerGroup;
    const stream = createStream(c.seed, 'parameters');
    const count = c.perChannel ? outputs : 1;
    const wShape = [outputs, c.perGroup, ...(c.oneAxis ? [c.kernel[1]] : c.kernel)];
    const perChannelZero = random(c.w, [count], c.seed, 'wZero');
    const inputs: (string | Tensor)[] = [
      'x',
      scaleOf(c.x.scale),
      scalarOf(c.x.dtype, c.x.zero),
      random(c.w, wShape, c.seed, 'w'),
      tensor(
        'float32',
        [count],
        Float32Array.from({ length: count }, () => 0.001 + stream.nextFloat() * 0.05),
      ),
      perChannelZero,
      scaleOf(c.outputScale),
      scalarOf(c.y.dtype, c.y.zero),
    ];
    if (c.bias)
      inputs.push(
        tensor(
          'int32',
          [outputs],
          Int32Array.from({ length: outputs }, () => stream.nextInt(4000) - 2000),
        ),
      );
    const pick = (values: readonly number[]): number[] => (c.oneAxis ? [values[1]] : [...values]);
    const op: Op = {
      kind: 'QLinearConv',
      group: c.group,
      kernelShape: pick(c.kernel),
      strides: pick(c.stride),
      dilations: pick(c.dilation),
      pads: c.oneAxis ? [c.pads[1], c.pads[3]] : [...c.pads],
      ...(c.relu ? { clamp: { min: c.y.zero, max: c.y.zero + 60 } } : {}),
    };
    const shape = [1, channels, ...spatial];
    return {
      graph: single(op, inputs, [{ name: 'x', dtype: c.x.dtype, shape }]),
      x: random(c.x.dtype, shape, c.seed, 'x'),
    };
  });

test('convolutions: groups, strides, dilation, padding, 1-D and 2-D, per channel and per tensor', () => {
  fc.assert(
    fc.property(conv, ({ graph, x }) => compare(graph, [x])),
    { seed: 11, numRuns: 250 },
  );
});

test('matrix products with bias, transposed or not, integer and float output', () => {
  const arbitrary = fc.record({
    rows: fc.integer({ min: 1, max: 4 }),
    depth: fc.integer({ min: 1, max: 40 }),
    outputs: fc.integer({ min: 1, max: 11 }),
    transB: fc.boolean(),
    float: fc.boolean(),
    x: quantization,
    w: eight,
    y: quantization,
    seed: fc.integer({ min: 0, max: 1e6 }),
  });
  fc.assert(
    fc.property(arbitrary, (c) => {
      const wShape = c.transB ? [c.outputs, c.depth] : [c.depth, c.outputs];
      const bias = tensor(
        'int32',
        [c.outputs],
        Int32Array.from({ length: c.outputs }, (_, i) => i * 77 - 300),
      );
      const inputs = [
        'x',
        scaleOf(c.x.scale),
        scalarOf(c.x.dtype, c.x.zero),
        random(c.w, wShape, c.seed, 'w'),
        scaleOf(0.013),
        scalarOf(c.w, 5),
        bias,
        ...(c.float ? [] : [scaleOf(0.7), scalarOf(c.y.dtype, c.y.zero)]),
      ];
      const shape = [c.rows, c.depth];
      const op: Op = { kind: 'QGemm', alpha: 1, transA: false, transB: c.transB };
      compare(single(op, inputs, [{ name: 'x', dtype: c.x.dtype, shape }]), [random(c.x.dtype, shape, c.seed, 'x')]);
    }),
    { seed: 12, numRuns: 150 },
  );
});

test('sums and products, all pairs of values', () => {
  const arbitrary = fc.record({
    a: quantization,
    b: quantization,
    y: quantization,
    fn: fc.constantFrom<'Add' | 'Mul'>('Add', 'Mul'),
  });
  fc.assert(
    fc.property(arbitrary, ({ a, b, y, fn }) => {
      const shape = [1, 256, 256];
      const [low, high] = [a, b].map(({ dtype }) => (dtype === 'int8' ? -128 : 0));
      const make = (dtype: Eight, value: (i: number) => number): Tensor => {
        const data = dtype === 'int8' ? new Int8Array(65536) : new Uint8Array(65536);
        for (let i = 0; i < data.length; i++) data[i] = value(i);
        return { dtype, shape, data } as Tensor;
      };
      const feeds = [make(a.dtype, (i) => low + (i >> 8)), make(b.dtype, (i) => high + (i & 255))];
      const inputs = [
        'a',
        scaleOf(a.scale),
        scalarOf(a.dtype, a.zero),
        'b',
        scaleOf(b.scale),
        scalarOf(b.dtype, b.zero),
      ];
      const graph = single(
        { kind: 'QLinearBinary', fn },
        [...inputs, scaleOf(y.scale), scalarOf(y.dtype, y.zero)],
        [
          { name: 'a', dtype: a.dtype, shape },
          { name: 'b', dtype: b.dtype, shape },
        ],
      );
      compare(graph, feeds);
    }),
    { seed: 13, numRuns: 24 },
  );
});

test('pools, means, functions, softmax and rescaling', () => {
  const window = { kernelShape: [3, 2], strides: [2, 1], dilations: [1, 1], pads: [1, 0, 1, 1] };
  const ops: readonly { readonly op: Op; readonly inputs: 'pool' | 'max' | 'rescale' }[] = [
    { op: { kind: 'QLinearAveragePool', ceilMode: false, countIncludePad: false, ...window }, inputs: 'pool' },
    { op: { kind: 'QLinearAveragePool', ceilMode: false, countIncludePad: true, ...window }, inputs: 'pool' },
    { op: { kind: 'QLinearGlobalAveragePool' }, inputs: 'pool' },
    { op: { kind: 'QLinearReduceMean', axes: [3], keepDims: false }, inputs: 'pool' },
    { op: { kind: 'QLinearUnary', fn: 'Sigmoid', alpha: 0, beta: 0 }, inputs: 'pool' },
    { op: { kind: 'QLinearUnary', fn: 'HardSwish', alpha: 0, beta: 0 }, inputs: 'pool' },
    { op: { kind: 'QLinearSoftmax', axis: 3 }, inputs: 'pool' },
    { op: { kind: 'QLinearConcat', axis: 1 }, inputs: 'rescale' },
    { op: { kind: 'MaxPool', ceilMode: false, storageOrder: 0, ...window }, inputs: 'max' },
    {
      op: {
        kind: 'MaxPool',
        ceilMode: false,
        storageOrder: 0,
        kernelShape: [2, 2],
        strides: [2, 2],
        dilations: [1, 1],
        pads: [0, 0, 0, 0],
      },
      inputs: 'max',
    },
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...ops),
      quantization,
      scale,
      fc.integer({ min: 0, max: 1e6 }),
      ({ op, inputs }, q, yScale, seed) => {
        const shape = [1, 3, 9, 20];
        const from = [scaleOf(q.scale), scalarOf(q.dtype, q.zero)];
        const to = [scaleOf(yScale), scalarOf(q.dtype, q.dtype === 'int8' ? -7 : 100)];
        const all = { pool: ['x', ...from, ...to], max: ['x'], rescale: [...to, 'x', ...from] }[inputs];
        compare(single(op, all, [{ name: 'x', dtype: q.dtype, shape }]), [random(q.dtype, shape, seed, 'x')]);
      },
    ),
    { seed: 14, numRuns: 120 },
  );
});

test('the committed WebAssembly is what the sources make', () => {
  const script = fileURLToPath(new URL('../../../scripts/build-integer-engine.sh', import.meta.url));
  execFileSync('sh', [script, '--check'], { stdio: 'pipe' });
});
