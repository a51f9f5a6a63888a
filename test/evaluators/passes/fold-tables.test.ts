/** Functions of one 8-bit value: the table gives the bits of the nodes that it replaces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  foldTables,
  type Graph,
  importOnnx,
  inferTypes,
  interpret,
  type Node,
  type Op,
  type Tensor,
  type ValueInfo,
} from '@tinypareto/evaluators';
import fc from 'fast-check';
import { exportOnnx } from '../../../evaluators/onnx/export/export-onnx.ts';

const SHAPE = [1, 2, 128];

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
const zero = (value: number): Tensor => ({ dtype: 'int8', shape: [], data: Int8Array.of(value) });
const INITIALIZERS = {
  scale: scalar(0.0625),
  fine: scalar(0.0078125),
  zero: zero(3),
  low: zero(-128),
  half: scalar(0.5),
  one: scalar(1),
};

/** Every 8-bit value once. */
function everyByte(): Tensor {
  return { dtype: 'int8', shape: SHAPE, data: Int8Array.from({ length: 256 }, (_, i) => i - 128) };
}

const unary = (fn: 'Erf' | 'Sigmoid' | 'Tanh' | 'HardSigmoid' | 'Relu'): Op => ({
  kind: 'Unary',
  fn,
  alpha: fn === 'HardSigmoid' ? 0.2 : 0,
  beta: fn === 'HardSigmoid' ? 0.5 : 0,
});
const quantize: Op = { kind: 'QuantizeLinear', axis: 1, blockSize: 0, to: 'int8' };
const dequantize: Op = { kind: 'DequantizeLinear', axis: 1, blockSize: 0 };

function graphOf(
  nodes: readonly Omit<Node, 'name'>[],
  outputs: readonly string[],
  more: Readonly<Record<string, Tensor>> = {},
): Graph {
  const x: ValueInfo = { name: 'x', dtype: 'int8', shape: SHAPE };
  const initializers = new Map<string, Tensor>(Object.entries({ ...INITIALIZERS, ...more }));
  const values = new Map<string, ValueInfo>([['x', x]]);
  for (const [name, { dtype, shape }] of initializers) values.set(name, { name, dtype, shape });
  for (const { op, inputs, outputs: results } of nodes) {
    const types = inferTypes(
      op,
      inputs.map((name) => values.get(name)),
    );
    results.forEach((name, i) => {
      values.set(name, { name, ...(types[i] ?? assert.fail()) });
    });
  }
  return {
    name: 'small',
    inputs: [x],
    outputs,
    nodes: nodes.map((node, i) => ({ ...node, name: `n${i}` })),
    initializers,
    values,
  };
}

function outputsOf(graph: Graph): unknown[] {
  const results = interpret(graph, new Map([['x', everyByte()]]));
  return graph.outputs.map((name) => [...(results.get(name)?.data ?? [])]);
}

function assertSame(before: Graph, after: Graph): void {
  assert.deepEqual(outputsOf(after), outputsOf(before));
}

const kinds = (graph: Graph) => graph.nodes.map(({ op }) => op.kind);

const GELU: Omit<Node, 'name'>[] = [
  { op: dequantize, inputs: ['x', 'scale', 'zero'], outputs: ['f'] },
  { op: unary('Erf'), inputs: ['f'], outputs: ['e'] },
  { op: { kind: 'Binary', fn: 'Add' }, inputs: ['e', 'one'], outputs: ['a'] },
  { op: { kind: 'Binary', fn: 'Mul' }, inputs: ['f', 'a'], outputs: ['m'] },
  { op: { kind: 'Binary', fn: 'Mul' }, inputs: ['m', 'half'], outputs: ['g'] },
  { op: quantize, inputs: ['g', 'scale', 'zero'], outputs: ['y'] },
];

test('a GELU in float between quantized values becomes one table', () => {
  const before = graphOf(GELU, ['y']);
  const after = foldTables.run(before);
  assert.deepEqual(kinds(after), ['Lookup']);
  assertSame(before, after);
  assert.equal(foldTables.run(after), after);
});

test('a table and the function behind it are one table', () => {
  const [first, ...others] = GELU;
  const before = graphOf(
    [
      {
        op: { kind: 'QLinearUnary', fn: 'Sigmoid', alpha: 0, beta: 0 },
        inputs: ['x', 'scale', 'zero', 'fine', 'low'],
        outputs: ['s'],
      },
      {
        op: { kind: 'QLinearBinary', fn: 'Mul' },
        inputs: ['x', 'scale', 'zero', 's', 'fine', 'low', 'scale', 'zero'],
        outputs: ['h'],
      },
      { ...(first ?? assert.fail()), inputs: ['h', 'scale', 'zero'] },
      ...others,
    ],
    ['y'],
  );
  const after = foldTables.run(before);
  assert.deepEqual(kinds(after), ['Lookup']);
  assertSame(before, after);
});

test('a value that others need too stays, and the next table starts there', () => {
  const before = graphOf(
    [
      {
        op: { kind: 'QLinearUnary', fn: 'Tanh', alpha: 0, beta: 0 },
        inputs: ['x', 'scale', 'zero', 'fine', 'zero'],
        outputs: ['t'],
      },
      { op: dequantize, inputs: ['t', 'fine', 'zero'], outputs: ['f'] },
      ...GELU.slice(1),
    ],
    ['t', 'y'],
  );
  const after = foldTables.run(before);
  assert.deepEqual(kinds(after), ['QLinearUnary', 'Lookup']);
  assert.equal(after.nodes[1]?.inputs[0], 't');
  assertSame(before, after);
});

test('functions of two values and of constants with many elements are left alone', () => {
  const channels: Tensor = { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1, 2) };
  const before = graphOf(
    [
      { op: dequantize, inputs: ['x', 'scale', 'zero'], outputs: ['f'] },
      { op: { kind: 'Binary', fn: 'Mul' }, inputs: ['f', 'channels'], outputs: ['m'] },
      { op: quantize, inputs: ['m', 'scale', 'zero'], outputs: ['y'] },
    ],
    ['y'],
    { channels },
  );
  assert.equal(foldTables.run(before), before);
});

test('random functions of one value keep every bit', () => {
  const step = fc.tuple(fc.nat(7), fc.nat(99), fc.nat(99));
  const law = fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(2), (steps, extra) => {
    const bytes = ['x'];
    const floats: string[] = [];
    const nodes: Omit<Node, 'name'>[] = [];
    const add = (list: string[], op: Op, inputs: string[]): void => {
      const outputs: [string] = [`v${nodes.length}`];
      nodes.push({ op, inputs, outputs });
      list.push(...outputs);
    };
    const pick = (list: readonly string[], at: number) => list[at % list.length] ?? assert.fail();
    for (const [kind, a, b] of steps) {
      if (kind === 0 || floats.length === 0) add(floats, dequantize, [pick(bytes, a), 'scale', 'zero']);
      else if (kind < 3) add(floats, unary(kind === 1 ? 'Sigmoid' : 'Relu'), [pick(floats, a)]);
      else if (kind === 3) add(floats, { kind: 'Binary', fn: 'Mul' }, [pick(floats, a), pick([...floats, 'half'], b)]);
      else if (kind < 6) add(bytes, quantize, [pick(floats, a), 'scale', 'zero']);
      else if (kind === 6)
        add(bytes, { kind: 'QLinearUnary', fn: 'Tanh', alpha: 0, beta: 0 }, [
          pick(bytes, a),
          'scale',
          'zero',
          'fine',
          'zero',
        ]);
      else
        add(bytes, { kind: 'QLinearBinary', fn: 'Add' }, [
          pick(bytes, a),
          'scale',
          'zero',
          pick(bytes, b),
          'scale',
          'zero',
          'scale',
          'zero',
        ]);
    }
    add(bytes, quantize, [floats.at(-1) ?? assert.fail(), 'scale', 'zero']);
    const outputs = [
      ...new Set([...bytes.slice(-1), ...bytes.slice(1, 1 + extra), ...floats.slice(0, extra - 1 > 0 ? 1 : 0)]),
    ];
    const before = graphOf(nodes, outputs);
    const after = foldTables.run(before);
    assertSame(before, after);
    assert.ok(after.nodes.length <= before.nodes.length);
  });
  fc.assert(law, { numRuns: 300, seed: 5 });
});

test('an exported table is a Gather that gives the same', () => {
  const after = foldTables.run(graphOf(GELU, ['y']));
  const back = importOnnx(exportOnnx(after));
  assert.deepEqual(outputsOf(back), outputsOf(after));
});
