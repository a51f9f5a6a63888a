/** float64 in C: sums, comparisons, reductions, products and moves give the very doubles of the interpreter; other operators compute in float. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Graph, interpret, lower, type Op, type Tensor, tensor, type ValueInfo } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { portBytes, portTensor } from '../../../evaluators/codegen/emit/port-data.ts';
import { inferTypes } from '../../../evaluators/ops/evaluate-node.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { buildHostBatch } from '../../support/host-batch.ts';

/** A float holds neither their size nor their digits. */
const A = [1e300, -2.5e-310, 1 / 3, -7.1, 0.1, 123456789.12345679];
const B = [-1e299, 3e-309, 1 / 7, 2.3, 0.2, -1e-9];

interface Case {
  readonly graph: Graph;
  readonly operands: readonly Tensor[];
}

function network(op: Op, operands: readonly Tensor[], constants: readonly Tensor[] = []): Case {
  const names = operands.map((_, i) => `x${i}`);
  const constantNames = constants.map((_, i) => `k${i}`);
  const inputs = operands.map(({ dtype, shape }, i): ValueInfo => ({ name: `x${i}`, dtype, shape }));
  const made = inferTypes(op, [...operands, ...constants]).map(({ dtype, shape }, i) => ({
    name: `y${i}`,
    dtype,
    shape,
  }));
  const known = constants.map(({ dtype, shape }, i): ValueInfo => ({ name: `k${i}`, dtype, shape }));
  const graph: Graph = {
    name: op.kind,
    inputs,
    outputs: made.map(({ name }) => name),
    nodes: [{ name: 'node', op, inputs: [...names, ...constantNames], outputs: made.map(({ name }) => name) }],
    initializers: new Map(constants.map((value, i) => [`k${i}`, value])),
    values: new Map([...inputs, ...known, ...made].map((info) => [info.name, info])),
  };
  return { graph, operands };
}

const double = (shape: readonly number[], values: readonly number[]) =>
  tensor('float64', shape, Float64Array.from(values));
const binary = (
  fn: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min' | 'Fmod' | 'Less' | 'Equal' | 'GreaterOrEqual',
): Op => ({
  kind: 'Binary',
  fn,
});
const reduce = (fn: 'Sum' | 'Mean' | 'Max' | 'Min' | 'Prod' | 'L1' | 'SumSquare'): Op => ({
  kind: 'Reduce',
  fn,
  axes: [0],
  keepDims: false,
});
const unary = (fn: 'Abs' | 'Neg' | 'Sign' | 'Relu' | 'Tanh'): Op => ({ kind: 'Unary', fn, alpha: 0, beta: 0 });
const [a, b] = [double([2, 3], A), double([2, 3], B)];

const CASES: readonly Case[] = [
  ...(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Less', 'Equal', 'GreaterOrEqual'] as const).map((fn) =>
    network(binary(fn), [a, b]),
  ),
  network(binary('Fmod'), [double([3], [1e17, -7.5, 5.3]), double([3], [0.3, 2, -0.7])]),
  network(binary('Add'), [a], [double([3], [1e-12, 1e299, -1])]),
  ...(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'SumSquare'] as const).map((fn) => network(reduce(fn), [a])),
  ...(['Abs', 'Neg', 'Sign', 'Relu'] as const).map((fn) => network(unary(fn), [a])),
  network({ kind: 'Clip' }, [a], [double([], [-1e200]), double([], [1e200])]),
  network({ kind: 'MatMul' }, [a], [double([3, 2], B)]),
  network(
    { kind: 'Gemm', alpha: 0.5, beta: 1, transA: false, transB: false },
    [a],
    [double([3, 2], B), double([2], [1, 1e-13])],
  ),
  network({ kind: 'MatMul', clamp: { min: 0, max: Number.POSITIVE_INFINITY } }, [a, double([3, 2], B)]),
  network({ kind: 'CumSum', axis: 1, exclusive: false, reverse: true }, [a]),
  network({ kind: 'Variadic', fn: 'Mean' }, [a, b, a]),
  network({ kind: 'Transpose', perm: [1, 0] }, [a]),
  network({ kind: 'Pad', mode: 'constant', pads: [0, 1, 1, 0] }, [a], [double([], [1 / 9])]),
  network(
    { kind: 'ScatterND', reduction: 'none' },
    [a],
    [tensor('int64', [1, 1], BigInt64Array.of(1n)), double([1, 3], [1e301, 0.3, -0.7])],
  ),
  network({ kind: 'Cast', to: 'int64', saturate: true }, [double([3], [1e15 + 1, -7.9, 1e30])]),
  network({ kind: 'Cast', to: 'float64', saturate: true }, [
    tensor('uint64', [2], BigUint64Array.of(2n ** 63n + 4096n, 7n)),
  ]),
  network({ kind: 'Cast', to: 'float32', saturate: true }, [a]),
  network({ kind: 'Cast', to: 'float16', saturate: true }, [double([2], [1 / 3, 70000])]),
  network({ kind: 'Cast', to: 'bool', saturate: true }, [double([2], [1e-310, 0])]),
];

const IN_FLOAT: readonly Case[] = [
  network(unary('Tanh'), [double([3], [0.3, -1.2, 4])]),
  network({ kind: 'Softmax', axis: -1, log: false, flatten: false }, [double([2, 3], [1, 2, 3, 0.1, 0.2, 0.3])]),
  network(
    { kind: 'Conv', kernelShape: [2], strides: [1], dilations: [1], pads: [0, 0], group: 1 },
    [double([1, 1, 3], [1, 2, 3])],
    [double([1, 1, 2], [0.5, -0.25])],
  ),
];

test('doubles are computed in C as by the interpreter', {
  skip: isMissing(hostToolchain()) ? 'no C compiler' : false,
}, async () => {
  const all = [...CASES, ...IN_FLOAT];
  const programs = all.map(({ graph }, i) => lower(graph, board('host'), { prefix: `n${i}` }));
  const batch = await buildHostBatch(programs, temporaryCache());
  for (const [i, { graph, operands }] of all.entries()) {
    const [outputs = []] = await batch.run(i, [operands.map(portBytes)]);
    const wanted = interpret(graph, new Map(operands.map((value, at) => [`x${at}`, value])));
    programs[i]?.outputs.forEach((port, at) => {
      const actual = portTensor(port, outputs[at] ?? new Uint8Array());
      const expected = wanted.get(port.name) ?? assert.fail();
      assert.equal(actual.dtype, expected.dtype);
      if (i < CASES.length) assert.deepEqual(actual.data, expected.data, `${i} ${JSON.stringify(graph.nodes[0]?.op)}`);
      else
        actual.data.forEach((value, k) => {
          assert.ok(Math.abs(Number(value) - Number(expected.data[k])) < 1e-6, graph.name);
        });
    });
  }
});
