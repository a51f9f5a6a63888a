/** Unrolled recurrent layers become one operator that computes the same; what only looks like one stays as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Graph,
  importOnnx,
  interpret,
  printGraph,
  simplify,
  type Tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import fc from 'fast-check';
import { recognizeRecurrent } from '../../../evaluators/passes/recognize-recurrent.ts';
import {
  floatTensor,
  floatValue,
  graphAttribute,
  int64Tensor,
  intAttribute,
  makeModel,
  node,
} from '../../support/make-model.ts';
import { choices, noise, randomGraph } from '../../support/random-graph.ts';
import { relativeError } from '../../support/reference-io.ts';
import { GraphWriter, type UnrolledLayer, unrolledGraph } from '../../support/unrolled-layers.ts';

const layers: fc.Arbitrary<UnrolledLayer> = fc.record({
  steps: fc.integer({ min: 2, max: 6 }),
  batch: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 5 }),
  hidden: fc.integer({ min: 1, max: 5 }),
  reversed: fc.boolean(),
  cut: fc.constantFrom(
    'gather' as const,
    'slice' as const,
    'split' as const,
    'separate' as const,
    'projected' as const,
  ),
  start: fc.constantFrom('zero' as const, 'constant' as const, 'input' as const),
  outputs: fc.constantFrom('all' as const, 'last' as const),
  style: fc.nat(29),
});

function outputsOf(graph: Graph): Tensor[] {
  const feeds = new Map(
    graph.inputs.map((info, i) => {
      const count = info.shape.reduce((product, size) => product * size, 1);
      return [info.name, { ...info, data: noise(31 + i, count) } as Tensor];
    }),
  );
  const results = interpret(graph, feeds);
  return graph.outputs.map((name) => results.get(name) ?? assert.fail(`no output ${name}`));
}

function assertSame(before: Graph, after: Graph): void {
  validateGraph(after);
  assert.deepEqual(after.outputs, before.outputs);
  assert.deepEqual(after.inputs, before.inputs);
  const expected = outputsOf(before);
  outputsOf(after).forEach((actual, i) => {
    const wanted = expected[i] ?? assert.fail();
    assert.deepEqual(actual.shape, wanted.shape);
    const error = relativeError(actual, wanted);
    assert.ok(error <= 1e-5, `relative error ${error}\n${printGraph(before)}\n${printGraph(after)}`);
  });
}

for (const kind of ['LSTM', 'GRU', 'RNN'] as const) {
  test(`unrolled steps become one ${kind}`, () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const graph = unrolledGraph(kind, layer);
        const after = recognizeRecurrent.run(graph);
        assertSame(graph, after);
        const kinds = after.nodes.map(({ op }) => op.kind);
        assert.deepEqual(kinds.filter((each) => each === kind).length, 1, printGraph(after));
        assert.ok(!kinds.includes('Unary'), `a step is left over\n${printGraph(after)}`);
      }),
      { numRuns: 250, seed: 21 },
    );
  });

  test(`simplified, nothing but the ${kind} and what moves numbers is left`, () => {
    fc.assert(
      fc.property(layers, (any) => {
        const layer = { ...any, reversed: any.reversed && any.cut !== 'separate' };
        const graph = unrolledGraph(kind, layer);
        const after = simplify(graph);
        assertSame(graph, after);
        const rest = after.nodes.map(({ op }) => op.kind).filter((each) => each !== 'Reshape' && each !== 'Transpose');
        const stacking = layer.cut === 'separate' ? ['Concat'] : [];
        assert.deepEqual(rest, [...stacking, kind], printGraph(after));
      }),
      { numRuns: 60, seed: 22 },
    );
  });
}

test('two layers and a reading of a state in between are recognised', () => {
  const layer: UnrolledLayer = {
    ...{ steps: 4, batch: 2, width: 3, hidden: 3, reversed: false },
    ...{ cut: 'gather', start: 'zero', outputs: 'all', style: 0 },
  };
  const first = unrolledGraph('LSTM', layer);
  const second = unrolledGraph('GRU', { ...layer, outputs: 'last', cut: 'slice' });
  const renamed = (name: string) => (name === 'x' ? (first.outputs[0] ?? '') : name === '' ? '' : `2/${name}`);
  const rename = <T>(map: ReadonlyMap<string, T>) => [...map].map(([name, value]) => [renamed(name), value] as const);
  const joined: Graph = {
    ...first,
    outputs: [...second.outputs.map(renamed), first.nodes.find(({ name }) => name === 'node20')?.outputs[0] ?? ''],
    nodes: [
      ...first.nodes,
      ...second.nodes.map((node) => ({
        ...node,
        name: `2/${node.name}`,
        inputs: node.inputs.map(renamed),
        outputs: node.outputs.map(renamed),
      })),
    ],
    initializers: new Map([...first.initializers, ...rename(second.initializers)]),
    values: new Map(
      [...first.values, ...rename(second.values)].map(([name, info]) => [name, { ...info, name }] as const),
    ),
  };
  const after = simplify(validateGraph(joined));
  assertSame(joined, after);
  const kinds = after.nodes.map(({ op }) => op.kind);
  assert.ok(kinds.includes('LSTM') && kinds.includes('GRU'), printGraph(after));
});

test('a decoder that reads its own outputs stays unrolled', () => {
  const g = new GraphWriter();
  const [w, r, back] = [g.weights(2, 3), g.weights(3, 3), g.weights(3, 2)];
  let x = g.input('x', 1, 2);
  let h = g.input('h', 1, 3);
  for (let step = 0; step < 3; step++) {
    h = g.unary('Tanh', g.binary('Add', g.emit({ kind: 'MatMul' }, x, w), g.emit({ kind: 'MatMul' }, h, r)));
    x = g.emit({ kind: 'MatMul' }, h, back);
  }
  const graph = g.finish([x]);
  assert.equal(recognizeRecurrent.run(graph), graph);
});

test('steps with weights of their own stay layers of their own', () => {
  const g = new GraphWriter();
  const x = g.input('x', 1, 2);
  let h = g.input('h', 1, 3);
  for (let step = 0; step < 3; step++) {
    const [w, r] = [g.weights(2, 3), g.weights(3, 3)];
    h = g.unary('Tanh', g.binary('Add', g.emit({ kind: 'MatMul' }, x, w), g.emit({ kind: 'MatMul' }, h, r)));
  }
  const graph = g.finish([h]);
  assert.equal(recognizeRecurrent.run(graph), graph);
});

test('other networks are left alone', () => {
  fc.assert(
    fc.property(choices, (list) => {
      const graph = randomGraph(list);
      assert.equal(recognizeRecurrent.run(graph), graph);
    }),
    { numRuns: 150, seed: 6 },
  );
});

const values = (count: number, seed: number): number[] => [...noise(seed, count)];

/** What tf2onnx leaves of a Keras LSTM when it does not know it: a Scan, or a Loop that gathers its steps, over Keras' gates i, f, c, o. */
function kerasSteps(steps: number, hidden: number, width: number) {
  const cell = [
    node('MatMul', ['row', 'w'], ['xw']),
    node('MatMul', ['h', 'r'], ['hr']),
    node('Add', ['xw', 'hr'], ['sum']),
    node('Add', ['sum', 'b'], ['z']),
    node('Split', ['z'], ['zi', 'zf', 'zc', 'zo'], [intAttribute('axis', 1), intAttribute('num_outputs', 4)]),
    ...['i', 'f', 'o'].map((gate) => node('Sigmoid', [`z${gate}`], [gate])),
    node('Tanh', ['zc'], ['candidate']),
    node('Mul', ['f', 'c'], ['kept']),
    node('Mul', ['i', 'candidate'], ['added']),
    node('Add', ['kept', 'added'], ['c_next']),
    node('Tanh', ['c_next'], ['c_out']),
    node('Mul', ['o', 'c_out'], ['h_next']),
  ];
  const initializer = [
    floatTensor('w', [width, 4 * hidden], values(width * 4 * hidden, 1)),
    floatTensor('r', [hidden, 4 * hidden], values(hidden * 4 * hidden, 2)),
    floatTensor('b', [4 * hidden], values(4 * hidden, 3)),
    floatTensor('zero', [1, hidden], new Array<number>(hidden).fill(0)),
    int64Tensor('steps', [], [steps]),
    int64Tensor('state_shape', [2], [1, hidden]),
  ];
  return { cell, initializer };
}

test('an unrolled Scan is recognised', () => {
  const { cell, initializer } = kerasSteps(5, 3, 2);
  const body = {
    name: 'body',
    node: [...cell, node('Identity', ['h_next'], ['y'])],
    input: [floatValue('h', [1, 3]), floatValue('c', [1, 3]), floatValue('row', [1, 2])],
    output: [floatValue('h_next', [1, 3]), floatValue('c_next', [1, 3]), floatValue('y', [1, 3])],
  };
  const attributes = [graphAttribute('body', body), intAttribute('num_scan_inputs', 1)];
  const model = makeModel({
    node: [node('Scan', ['zero', 'zero', 'x'], ['last_h', 'last_c', 'all'], attributes)],
    initializer,
    input: [floatValue('x', [5, 1, 2])],
    output: [floatValue('last_h', [1, 3]), floatValue('all', [5, 1, 3])],
  });
  const graph = importOnnx(model);
  const after = simplify(graph);
  assertSame(graph, after);
  const kinds = after.nodes.map(({ op }) => op.kind);
  assert.ok(kinds.includes('LSTM') && !kinds.includes('Unary') && !kinds.includes('Concat'), printGraph(after));
});

test('an unrolled Loop is recognised, and the dump shows it', () => {
  const { cell, initializer } = kerasSteps(4, 3, 2);
  const body = {
    name: 'body',
    node: [
      node('Gather', ['x', 't'], ['row'], [intAttribute('axis', 1)]),
      ...cell,
      node('Identity', ['go'], ['going']),
    ],
    input: [floatValue('t', [], 7), floatValue('go', [], 9), floatValue('h', [1, 3]), floatValue('c', [1, 3])],
    output: [floatValue('going', [], 9), floatValue('h_next', [1, 3]), floatValue('c_next', [1, 3])],
  };
  const model = makeModel({
    node: [
      node('ConstantOfShape', ['state_shape'], ['state']),
      node('Loop', ['steps', '', 'state', 'state'], ['last_h', 'last_c'], [graphAttribute('body', body)]),
    ],
    initializer,
    input: [floatValue('x', [1, 4, 2])],
    output: [floatValue('last_h', [1, 3])],
  });
  const graph = importOnnx(model);
  const stages: string[] = [];
  const after = simplify(graph, { dump: (stage) => stages.push(stage) });
  assertSame(graph, after);
  assert.deepEqual(
    after.nodes.filter(({ op }) => op.kind !== 'Reshape').map(({ op }) => op.kind),
    ['LSTM'],
  );
  assert.ok(stages.includes('1-recognize-recurrent'), stages.join());
});
