/** Operators of com.microsoft as ONNX Runtime's optimizer saves them, against the standard operators that they stand for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOnnx, interpret, OnnxImportError, type Tensor, tensor } from '@tinypareto/evaluators';
import {
  floatTensor,
  floatValue,
  intAttribute,
  intsAttribute,
  makeModel,
  type NodeInit,
  node,
  type TensorInit,
} from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';

const DOMAINS = { domains: ['com.microsoft'] };
const microsoft = (each: NodeInit): NodeInit => ({ ...each, domain: 'com.microsoft' });

interface Network {
  readonly nodes: NodeInit[];
  readonly initializer?: TensorInit[];
}

/** Outputs `y` of both networks for one float input `x`. */
function assertEqual(a: Network, b: Network, shape: readonly number[], tolerance = 1e-6): void {
  const count = shape.reduce((product, size) => product * size, 1);
  const x: Tensor = tensor('float32', shape, noise(3, count));
  const [left, right] = [a, b].map(({ nodes, initializer = [] }) => {
    const graph = { node: nodes, initializer, input: [floatValue('x', shape)], output: [floatValue('y', ['n'])] };
    return interpret(importOnnx(makeModel(graph, DOMAINS)), new Map([['x', x]])).get('y');
  });
  assert.deepEqual(left?.shape, right?.shape);
  left?.data.forEach((value: number | bigint, i: number) => {
    assert.ok(Math.abs(Number(value) - Number(right?.data[i])) <= tolerance, `element ${i}`);
  });
}

test('BiasGelu, FastGelu and QuickGelu', () => {
  const initializer = [floatTensor('b', [4], [0.5, -0.25, 1, 0]), floatTensor('k', [], [1.702])];
  const sum = node('Add', ['x', 'b'], ['s']);
  assertEqual(
    { nodes: [microsoft(node('BiasGelu', ['x', 'b'], ['y']))], initializer },
    { nodes: [sum, microsoft(node('Gelu', ['s'], ['y']))], initializer },
    [3, 4],
  );
  assertEqual(
    { nodes: [microsoft(node('FastGelu', ['x', 'b'], ['y']))], initializer },
    { nodes: [sum, microsoft(node('Gelu', ['s'], ['y']))], initializer },
    [3, 4],
    2e-3,
  );
  const gate = [node('Mul', ['x', 'k'], ['kx']), node('Sigmoid', ['kx'], ['g']), node('Mul', ['x', 'g'], ['y'])];
  assertEqual({ nodes: [microsoft(node('QuickGelu', ['x'], ['y']))] }, { nodes: gate, initializer }, [3, 4]);
});

test('SkipLayerNormalization', () => {
  const initializer = ['skip', 'gamma', 'beta', 'bias'].map((name, i) => floatTensor(name, [4], [...noise(i + 9, 4)]));
  const names = ['x', 'skip', 'gamma', 'beta', 'bias'];
  assertEqual(
    { nodes: [microsoft(node('SkipLayerNormalization', names, ['y']))], initializer },
    {
      nodes: [
        node('Add', ['x', 'skip'], ['a']),
        node('Add', ['a', 'bias'], ['s']),
        node('LayerNormalization', ['s', 'gamma', 'beta'], ['y']),
      ],
      initializer,
    },
    [3, 4],
  );
});

test('DynamicQuantizeMatMul and MatMulIntegerToFloat are scaled integer products', () => {
  const b: TensorInit = {
    name: 'w',
    dims: [4n, 3n],
    dataType: 3,
    int32Data: [9, -3, 70, 5, 0, -128, 127, 4, 8, -60, 2, 33],
  };
  const initializer = [b, floatTensor('ws', [], [0.02]), floatTensor('bias', [3], [1, -2, 0.5])];
  const quantize = node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']);
  const plain = [
    quantize,
    node('MatMulInteger', ['q', 'w', 'z'], ['sum']),
    node('Cast', ['sum'], ['wide'], [intAttribute('to', 1)]),
    node('Mul', ['s', 'ws'], ['scale']),
    node('Mul', ['wide', 'scale'], ['scaled']),
    node('Add', ['scaled', 'bias'], ['y']),
  ];
  const fused = [microsoft(node('DynamicQuantizeMatMul', ['x', 'w', 'ws', '', 'bias'], ['y']))];
  assertEqual({ nodes: fused, initializer }, { nodes: plain, initializer }, [2, 4], 0);
  const half = [quantize, microsoft(node('MatMulIntegerToFloat', ['q', 'w', 's', 'ws', 'z', '', 'bias'], ['y']))];
  assertEqual({ nodes: half, initializer }, { nodes: plain, initializer }, [2, 4], 0);
});

test('FusedGemm takes a bias of one row, whatever the version of its domain', () => {
  const initializer = [floatTensor('w', [4, 3], [...noise(1, 12)]), floatTensor('b', [3], [...noise(2, 3)])];
  const activation = { name: 'activation', type: 3, s: new TextEncoder().encode('Relu') };
  assertEqual(
    { nodes: [microsoft(node('FusedGemm', ['x', 'w', 'b'], ['y'], [activation]))], initializer },
    { nodes: [node('Gemm', ['x', 'w', 'b'], ['z']), node('Relu', ['z'], ['y'])], initializer },
    [2, 4],
  );
});

test('quantized convolution and pooling with the channels last', () => {
  const w: TensorInit = {
    name: 'w',
    dims: [3n, 2n, 2n, 2n],
    dataType: 3,
    int32Data: [...noise(5, 24)].map((v) => Math.round(v * 100)),
  };
  const u8 = (name: string, value: number): TensorInit => ({ name, dims: [], dataType: 2, int32Data: [value] });
  const zero: TensorInit = { name: 'wz', dims: [], dataType: 3, int32Data: [0] };
  const initializer = [
    w,
    zero,
    u8('xz', 100),
    u8('yz', 30),
    ...[0.02, 0.01, 0.03].map((s, i) => floatTensor(`s${i}`, [], [s])),
  ];
  const quantized = ['q', 's0', 'xz', 'w', 's1', 'wz', 's2', 'yz'];
  const begin = node('QuantizeLinear', ['x', 's0', 'xz'], ['q']);
  const end = node('DequantizeLinear', ['p', 's2', 'yz'], ['y']);
  const last = [intAttribute('channels_last', 1)];
  const kernel = [intsAttribute('kernel_shape', [2, 2])];
  const toFirst = node('Transpose', ['q'], ['first'], [intsAttribute('perm', [0, 3, 1, 2])]);
  const toLast = node('Transpose', ['pooled'], ['p'], [intsAttribute('perm', [0, 2, 3, 1])]);
  assertEqual(
    {
      nodes: [
        begin,
        microsoft(node('QLinearConv', quantized, ['c'], last)),
        microsoft(node('NhwcMaxPool', ['c'], ['p'], kernel)),
        end,
      ],
      initializer,
    },
    {
      nodes: [
        begin,
        toFirst,
        node('QLinearConv', ['first', ...quantized.slice(1)], ['c']),
        node('MaxPool', ['c'], ['pooled'], kernel),
        toLast,
        end,
      ],
      initializer,
    },
    [1, 5, 5, 2],
    0,
  );
});

test('a model arranged for one processor is refused with what to do', () => {
  const arranged: NodeInit = { ...node('ReorderInput', ['x'], ['y']), domain: 'com.microsoft.nchwc' };
  const graph = { node: [arranged], input: [floatValue('x', [1, 8, 2, 2])], output: [floatValue('y', ['n'])] };
  const model = makeModel(graph, { domains: ['com.microsoft.nchwc'] });
  assert.throws(
    () => importOnnx(model),
    (error) => error instanceof OnnxImportError && /ORT_ENABLE_EXTENDED/.test(error.problems[0]?.hint ?? ''),
  );
});
