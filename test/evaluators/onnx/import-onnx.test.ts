/** What the importer does with exporters' habits: constants, symbolic sizes, functions, control flow, odd orders, and with what it cannot do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  exportOnnx,
  type Graph,
  importForFeeds,
  importOnnx,
  interpret,
  OnnxImportError,
  printGraph,
  type Tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import { AttributeProto_AttributeType as Kind } from '../../../evaluators/onnx/generated/onnx_pb.js';
import {
  boolTensor,
  floatAttribute,
  floatTensor,
  floatValue,
  graphAttribute,
  int64Tensor,
  intAttribute,
  makeModel,
  node,
  referenceAttribute,
} from '../../support/make-model.ts';

const vector = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

function run(graph: Graph, input: Tensor): number[] {
  validateGraph(graph);
  const [output = ''] = graph.outputs;
  const result = interpret(graph, new Map([[graph.inputs[0]?.name ?? '', input]])).get(output);
  return Array.from(result?.data ?? [], Number);
}

function problemsOf(bytes: Uint8Array): OnnxImportError['problems'] {
  try {
    importOnnx(bytes);
  } catch (error) {
    if (error instanceof OnnxImportError) return error.problems;
    throw error;
  }
  assert.fail('the model was accepted');
}

test('lists every unsupported node at once, even behind other unsupported ones', () => {
  const problems = problemsOf(
    makeModel({
      input: [floatValue('x', [4])],
      node: [
        node('Frobnicate', ['x'], ['a']),
        node('Relu', ['a'], ['b']),
        node('Reluu', ['b'], ['c']),
        node('relu', ['c'], ['y']),
      ],
      output: [floatValue('y', [4])],
    }),
  );
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [
      ['UNSUPPORTED_OPERATOR', 'node %Frobnicate:a (Frobnicate)'],
      ['UNSUPPORTED_OPERATOR', 'node %Reluu:c (Reluu)'],
      ['UNSUPPORTED_OPERATOR', 'node %relu:y (relu)'],
    ],
  );
  assert.match(problems[2]?.hint ?? '', /Relu/);
});

test('reports unknown attributes, missing operator sets and unknown inputs together', () => {
  const problems = problemsOf(
    makeModel({
      input: [floatValue('x', [4])],
      node: [
        node('Relu', ['x'], ['a'], [intAttribute('speed', 3)]),
        { ...node('QLinearAdd', ['x'], ['b']), domain: 'com.microsoft' },
        node('Add', ['a', 'nowhere'], ['y']),
      ],
      output: [floatValue('y', [4])],
    }),
  );
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['BAD_ATTRIBUTE', 'UNSUPPORTED_OPSET', 'BAD_GRAPH'],
  );
});

test('folds shapes and other constants into attributes', () => {
  const graph = importOnnx(
    makeModel({
      input: [floatValue('x', ['batch', 2, 3])],
      initializer: [int64Tensor('one', [1], [1]), int64Tensor('minus', [1], [-1])],
      node: [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'one'], ['second']),
        node('Concat', ['second', 'minus'], ['target'], [intAttribute('axis', 0)]),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      output: [floatValue('y', [2, 'n'])],
    }),
  );
  assert.deepEqual(
    graph.nodes.map(({ op }) => op),
    [{ kind: 'Reshape', shape: [2, 3] }],
  );
  assert.equal(graph.initializers.size, 0);
});

test('symbolic dimensions become 1 unless a size is given by name or by shape', () => {
  const bytes = makeModel({
    input: [floatValue('x', ['batch', 3])],
    node: [node('Relu', ['x'], ['y'])],
    output: [floatValue('y', ['batch', 3])],
  });
  assert.deepEqual(importOnnx(bytes).inputs[0]?.shape, [1, 3]);
  assert.deepEqual(importOnnx(bytes, { symbolic: { batch: 5 } }).inputs[0]?.shape, [5, 3]);
  assert.deepEqual(importOnnx(bytes, { inputShapes: new Map([['x', [7, 3]]]) }).inputs[0]?.shape, [7, 3]);
  assert.throws(() => importOnnx(bytes, { inputShapes: new Map([['x', [7, 4]]]) }), OnnxImportError);
});

test('inputs that steer shapes are asked for, and bound on request', () => {
  const bytes = makeModel({
    input: [floatValue('x', [6]), floatValue('shape', [2], 7)],
    node: [node('Reshape', ['x', 'shape'], ['y'])],
    output: [floatValue('y', [2, 3])],
  });
  const [problem] = problemsOf(bytes);
  assert.equal(problem?.code, 'NOT_CONSTANT');
  assert.deepEqual(problem?.inputs, ['shape']);
  const shape: Tensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(3n, 2n) };
  const { graph, fixed } = importForFeeds(
    bytes,
    new Map([
      ['x', vector(1, 2, 3, 4, 5, 6)],
      ['shape', shape],
    ]),
  );
  assert.deepEqual([...fixed], ['shape']);
  assert.deepEqual(graph.values.get('y')?.shape, [3, 2]);
});

test('inlines model-local functions with attributes, defaults and absent inputs', () => {
  const bytes = makeModel(
    {
      input: [floatValue('x', [3])],
      node: [
        { ...node('Leaky', ['x'], ['a'], [floatAttribute('slope', 0.5)]), domain: 'mine' },
        { ...node('Leaky', ['a'], ['y']), domain: 'mine' },
      ],
      output: [floatValue('y', [3])],
    },
    {
      domains: ['mine'],
      functions: [
        {
          name: 'Leaky',
          domain: 'mine',
          input: ['in', 'bias'],
          output: ['out'],
          attributeProto: [floatAttribute('slope', 0.25)],
          opsetImport: [{ domain: '', version: 18n }],
          node: [
            node('LeakyRelu', ['in'], ['t'], [referenceAttribute('alpha', 'slope', Kind.FLOAT)]),
            node('Clip', ['t', '', 'bias'], ['out']),
          ],
        },
      ],
    },
  );
  assert.deepEqual(run(importOnnx(bytes), vector(-8, 0, 2)), [-1, 0, 2]);
});

test('a function that calls itself is refused', () => {
  const bytes = makeModel(
    {
      input: [floatValue('x', [1])],
      node: [{ ...node('F', ['x'], ['y']), domain: 'mine' }],
      output: [floatValue('y', [1])],
    },
    {
      domains: ['mine'],
      functions: [
        {
          name: 'F',
          domain: 'mine',
          input: ['a'],
          output: ['b'],
          opsetImport: [
            { domain: '', version: 18n },
            { domain: 'mine', version: 1n },
          ],
          node: [{ ...node('F', ['a'], ['b']), domain: 'mine' }],
        },
      ],
    },
  );
  assert.equal(problemsOf(bytes)[0]?.code, 'TOO_LARGE');
});

test('takes the branch of an If that a constant chooses', () => {
  const branch = (factor: number) => ({
    name: 'branch',
    initializer: [floatTensor('k', [], [factor])],
    node: [node('Mul', ['x', 'k'], ['r'])],
    output: [floatValue('r', [2])],
  });
  const bytes = makeModel({
    input: [floatValue('x', [2])],
    initializer: [boolTensor('yes', true)],
    node: [
      node('If', ['yes'], ['y'], [graphAttribute('then_branch', branch(2)), graphAttribute('else_branch', branch(3))]),
    ],
    output: [floatValue('y', [2])],
  });
  assert.deepEqual(run(importOnnx(bytes), vector(1, 5)), [2, 10]);
});

test('unrolls a Loop with a known trip count, carried values and scan outputs', () => {
  const body = {
    name: 'body',
    input: [floatValue('i', [], 7), floatValue('going', [], 9), floatValue('sum', [2])],
    node: [
      node('Add', ['sum', 'x'], ['next']),
      node('Identity', ['going'], ['still']),
      node('Relu', ['next'], ['shown']),
    ],
    output: [floatValue('still', [], 9), floatValue('next', [2]), floatValue('shown', [2])],
  };
  const bytes = makeModel({
    input: [floatValue('x', [2])],
    initializer: [int64Tensor('trips', [], [3]), floatTensor('start', [2], [0, 0])],
    node: [node('Loop', ['trips', '', 'start'], ['last', 'all'], [graphAttribute('body', body)])],
    output: [floatValue('all', [3, 2]), floatValue('last', [2])],
  });
  const graph = importOnnx(bytes);
  assert.deepEqual(run(graph, vector(1, -1)), [1, 0, 2, 0, 3, 0]);
  assert.deepEqual(graph.outputs, ['all', 'last']);
});

test('a Loop whose end is not known is refused with the reason', () => {
  const body = {
    name: 'body',
    input: [floatValue('i', [], 7), floatValue('going', [], 9), floatValue('v', [1])],
    node: [node('Greater', ['v', 'x'], ['still']), node('Add', ['v', 'x'], ['next'])],
    output: [floatValue('still', [], 9), floatValue('next', [1])],
  };
  const [problem] = problemsOf(
    makeModel({
      input: [floatValue('x', [1])],
      initializer: [int64Tensor('trips', [], [1000000])],
      node: [node('Loop', ['trips', '', 'x'], ['y'], [graphAttribute('body', body)])],
      output: [floatValue('y', [1])],
    }),
  );
  assert.equal(problem?.code, 'NOT_CONSTANT');
});

test('sorts nodes that come in another order and names a cycle', () => {
  const parts = {
    input: [floatValue('x', [1])],
    output: [floatValue('y', [1])],
  };
  const shuffled = makeModel({ ...parts, node: [node('Neg', ['a'], ['y']), node('Abs', ['x'], ['a'])] });
  assert.deepEqual(run(importOnnx(shuffled), vector(-4)), [-4]);
  const cyclic = makeModel({
    ...parts,
    node: [node('Add', ['x', 'b'], ['a']), node('Neg', ['a'], ['b']), node('Abs', ['a'], ['y'])],
  });
  assert.match(problemsOf(cyclic)[0]?.message ?? '', /cycle/);
});

test('reads float16 weights and computes with them', () => {
  const half = new Uint8Array(new Float16Array([0.5, -2]).buffer);
  const bytes = makeModel({
    input: [floatValue('x', [2])],
    initializer: [{ name: 'w', dims: [2n], dataType: 10, rawData: half }],
    node: [node('Cast', ['w'], ['w32'], [intAttribute('to', 1)]), node('Mul', ['x', 'w32'], ['y'])],
    output: [floatValue('y', [2])],
  });
  const graph = importOnnx(bytes);
  assert.deepEqual(run(graph, vector(3, 3)), [1.5, -6]);
  assert.deepEqual(graph.initializers.get('w32')?.dtype, 'float32');
});

test('an output that is an input or a constant stays an output', () => {
  const graph = importOnnx(
    makeModel({
      input: [floatValue('x', [1])],
      initializer: [floatTensor('k', [1], [7])],
      node: [node('Identity', ['x'], ['same']), node('Neg', ['k'], ['fixed'])],
      output: [floatValue('same', [1]), floatValue('fixed', [1]), floatValue('x', [1])],
    }),
  );
  assert.deepEqual(graph.outputs, ['same', 'fixed', 'x']);
  const results = interpret(graph, new Map([['x', vector(3)]]));
  assert.deepEqual(
    [...results.values()].map(({ data }) => Number(data[0])),
    [3, -7, 3],
  );
  assert.deepEqual(importOnnx(exportOnnx(graph)).outputs, graph.outputs);
});

test('hostile names survive as data and are printed escaped', () => {
  const evil = '\n*/ system("rm -rf /"); /*\u202e__proto__';
  const graph = importOnnx(
    makeModel({
      name: 'constructor',
      input: [floatValue(evil, [1])],
      node: [node('Relu', [evil], ['__proto__'])],
      output: [floatValue('__proto__', [1])],
    }),
  );
  assert.deepEqual(run(graph, vector(-3)), [0]);
  assert.equal(printGraph(graph).split('\n').length, printGraph(graph).replaceAll('\u202e', '').split('\n').length);
  assert.doesNotMatch(printGraph(graph), /\u202e|^\*/mu);
});

test('functions that multiply, and constants that take hours, are refused soon', () => {
  const call = (name: string, from: string, to: string) => ({ ...node(name, [from], [to]), domain: 'mine' });
  const opsetImport = [
    { domain: '', version: 18n },
    { domain: 'mine', version: 1n },
  ];
  const doubling = Array.from({ length: 30 }, (_, i) => ({
    name: `F${i}`,
    domain: 'mine',
    input: ['a'],
    output: ['c'],
    opsetImport,
    node: i === 29 ? [node('Relu', ['a'], ['c'])] : [call(`F${i + 1}`, 'a', 'b'), call(`F${i + 1}`, 'b', 'c')],
  }));
  const parts = { input: [floatValue('x', [1])], output: [floatValue('y', [1])] };
  const bomb = makeModel({ ...parts, node: [call('F0', 'x', 'y')] }, { domains: ['mine'], functions: doubling });
  assert.equal(problemsOf(bomb)[0]?.code, 'TOO_LARGE');
  const slow = makeModel({
    ...parts,
    initializer: [int64Tensor('shape', [2], [8000, 8000])],
    node: [node('ConstantOfShape', ['shape'], ['m']), node('MatMul', ['m', 'm'], ['y'])],
  });
  assert.equal(problemsOf(slow)[0]?.code, 'TOO_LARGE');
});

test('huge constants and endless nesting are refused before memory is taken', () => {
  const huge = makeModel({
    input: [floatValue('x', [1])],
    initializer: [int64Tensor('shape', [2], [1 << 20, 1 << 20])],
    node: [node('ConstantOfShape', ['shape'], ['y'])],
    output: [floatValue('y', [1 << 20, 1 << 20])],
  });
  assert.equal(problemsOf(huge)[0]?.code, 'TOO_LARGE');
  assert.equal(problemsOf(new Uint8Array(0))[0]?.code, 'NOT_ONNX');
});
