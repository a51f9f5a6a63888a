/** Every operator's backward pass against finite differences. `p` is added to the input, so its gradient is the input's gradient. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Op } from '../../../evaluators/ir/op.ts';
import { KERNELS } from '../../../evaluators/train/kernels.ts';
import { checkGradients } from './gradient-check.ts';
import { convOp, GEMM, Net } from './net.ts';

const ADD: Op = { kind: 'Binary', fn: 'Add' };

/** A net whose input [1, ...sample] has a trainable offset `p`. */
function shifted(sample: readonly number[]): { net: Net; y: string } {
  const net = new Net([1, ...sample]);
  const y = net.node(ADD, ['x', net.weights('p', [1, ...sample], 0.1)], [1, ...sample]);
  return { net, y };
}

function flat(net: Net, y: string, count: number): string {
  return net.node({ kind: 'Reshape', shape: [1, count] }, [y], [1, count]);
}

test('kernels.ts lists the kernels of engine/kernels.def in order', () => {
  const text = readFileSync(new URL('../../../evaluators/train/engine/kernels.def', import.meta.url), 'utf8');
  assert.deepEqual(
    [...text.matchAll(/^KERNEL\((\w+)\)$/gm)].map((match) => match[1]),
    [...KERNELS],
  );
});

const CONVS: readonly (readonly [string, number[], number[], Parameters<typeof convOp>[1], number])[] = [
  ['3x3', [2, 6, 7], [3, 3], {}, 4],
  ['asymmetric padding', [2, 6, 7], [3, 2], { pads: [1, 0, 2, 1] }, 3],
  ['stride 2', [3, 7, 8], [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, 5],
  ['stride 3 with a smaller kernel', [2, 7, 8], [2, 2], { strides: [3, 3] }, 3],
  ['dilation', [2, 9, 9], [3, 3], { dilations: [2, 3], pads: [1, 2, 3, 0] }, 3],
  ['stride and dilation', [2, 9, 9], [3, 3], { dilations: [2, 1], strides: [2, 2], pads: [2, 1, 2, 1] }, 3],
  ['groups', [4, 5, 6], [3, 3], { group: 2, pads: [1, 1, 1, 1] }, 6],
  ['depthwise', [4, 5, 6], [3, 3], { group: 4, pads: [1, 1, 1, 1] }, 4],
  ['depthwise stride 2', [3, 7, 6], [3, 3], { group: 3, strides: [2, 2], pads: [0, 1, 1, 0] }, 3],
  ['depthwise dilation', [3, 7, 9], [3, 3], { group: 3, dilations: [1, 2], pads: [1, 2, 1, 2] }, 3],
  ['depthwise multiplier', [2, 5, 5], [3, 3], { group: 2 }, 4],
  ['1-D', [3, 12], [5], { pads: [2, 1], strides: [2] }, 4],
  ['1-D depthwise', [3, 12], [3], { pads: [1, 1], group: 3 }, 3],
  ['1x1', [5, 4, 4], [1, 1], {}, 6],
];

for (const [name, sample, kernel, options, m] of CONVS) {
  test(`Conv, ${name}`, () => {
    const { net, y } = shifted(sample);
    const op = convOp(kernel, options);
    const w = net.weights('w', [m, sample[0] / op.group, ...kernel], 0.4);
    const spatial = kernel.map((k, i) => {
      const room = sample[1 + i] + op.pads[i] + op.pads[kernel.length + i] - (k - 1) * op.dilations[i] - 1;
      return Math.floor(room / op.strides[i]) + 1;
    });
    const out = [1, m, ...spatial];
    const conv = net.node(op, [y, w, net.weights('b', [m], 0.3)], out);
    checkGradients(
      net.graph(
        flat(
          net,
          conv,
          out.reduce((a, b) => a * b, 1),
        ),
      ),
    );
  });
}

const TRANSPOSED: readonly (readonly [string, number[], number[], number[], number[], number])[] = [
  ['stride 1', [1, 1], [0, 0, 0, 0], [0, 0], [1, 1], 1],
  ['stride 2, padding and output padding', [2, 2], [1, 0, 1, 1], [1, 0], [1, 1], 1],
  ['groups and dilation', [2, 1], [0, 1, 1, 0], [0, 0], [1, 2], 2],
];
for (const [name, strides, pads, outputPadding, dilations, group] of TRANSPOSED) {
  test(`ConvTranspose, ${name}`, () => {
    const { net, y } = shifted([4, 3, 4]);
    const w = net.weights('w', [4, 3, 3, 2], 0.4);
    const m = 3 * group;
    const h = 2 * strides[0] + 2 * dilations[0] + 1 + outputPadding[0] - pads[0] - pads[2];
    const width = 3 * strides[1] + dilations[1] + 1 + outputPadding[1] - pads[1] - pads[3];
    const op: Op = { kind: 'ConvTranspose', group, kernelShape: [3, 2], strides, pads, dilations, outputPadding };
    const z = net.node(op, [y, w, net.weights('b', [m], 0.3)], [1, m, h, width]);
    checkGradients(net.graph(flat(net, z, m * h * width)));
  });
}

test('Gemm in both layouts', () => {
  for (const transB of [true, false]) {
    const { net, y } = shifted([19]);
    const w = net.weights('w', transB ? [13, 19] : [19, 13], 0.3);
    checkGradients(net.graph(net.node({ ...GEMM, transB }, [y, w, net.weights('b', [13], 0.2)], [1, 13])));
  }
});

test('MatMul with a shared matrix and with two batched operands', () => {
  const { net, y } = shifted([5, 7]);
  const left = net.node({ kind: 'MatMul' }, [y, net.weights('w', [7, 6], 0.4)], [1, 5, 6]);
  const turned = net.node({ kind: 'Transpose', perm: [0, 2, 1] }, [y], [1, 7, 5]);
  const product = net.node({ kind: 'MatMul' }, [turned, left], [1, 7, 6]);
  checkGradients(net.graph(flat(net, product, 42)));
});

test('a convolution followed by Relu, fused, and the same value used twice', () => {
  const { net, y } = shifted([2, 5, 5]);
  const conv = net.node(
    convOp([3, 3]),
    [y, net.weights('w', [4, 2, 3, 3], 0.5), net.weights('b', [4], 0.1, 3)],
    [1, 4, 3, 3],
  );
  const relu = net.node({ kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, [conv], [1, 4, 3, 3]);
  const sum = net.node(ADD, [relu, relu], [1, 4, 3, 3]);
  checkGradients(net.graph(flat(net, sum, 36)));
});

const UNARY = [
  ['Celu', 1.3, 0],
  ['Elu', 0.7, 0],
  ['Erf', 0, 0],
  ['Exp', 0, 0],
  ['Gelu', 0, 0],
  ['Gelu', 1, 0],
  ['LeakyRelu', 0.2, 0],
  ['Mish', 0, 0],
  ['Neg', 0, 0],
  ['Selu', 1.6732632, 1.050701],
  ['Sigmoid', 0, 0],
  ['Softplus', 0, 0],
  ['Softsign', 0, 0],
  ['Tanh', 0, 0],
  ['Sin', 0, 0],
  ['Cos', 0, 0],
] as const;
for (const [fn, alpha, beta] of UNARY) {
  test(`${fn} (${alpha})`, () => {
    const { net, y } = shifted([11]);
    checkGradients(net.graph(net.node({ kind: 'Unary', fn, alpha, beta }, [y], [1, 11])));
  });
}

/** Functions with kinks or limited domains, on inputs far from both: x scaled to ±0.1 around `centre`. */
const AROUND = [
  ['Relu', 0, 0, [-1, 1]],
  ['Abs', 0, 0, [-1, 1]],
  ['HardSigmoid', 0.2, 0.5, [-4, 0, 4]],
  ['HardSwish', 0, 0, [-5, -1, 1, 5]],
  ['ThresholdedRelu', 1, 0, [0.2, 2]],
  ['Log', 0, 0, [1, 3]],
  ['Sqrt', 0, 0, [1, 3]],
  ['Reciprocal', 0, 0, [1.5, 3]],
] as const;
for (const [fn, alpha, beta, centres] of AROUND) {
  test(`${fn} away from its kinks`, () => {
    const { net, y } = shifted([12]);
    const small = net.node(
      { kind: 'Binary', fn: 'Mul' },
      [y, net.constant('tenth', [], Float32Array.of(0.1))],
      [1, 12],
    );
    const data = Float32Array.from({ length: 12 }, (_, i) => centres[i % centres.length]);
    const moved = net.node(ADD, [small, net.constant('centre', [1, 12], data)], [1, 12]);
    checkGradients(net.graph(net.node({ kind: 'Unary', fn, alpha, beta }, [moved], [1, 12])));
  });
}

test('Binary operators with broadcasting', () => {
  for (const fn of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min'] as const) {
    const { net, y } = shifted([3, 4]);
    const positive = net.node({ kind: 'Unary', fn: 'Softplus', alpha: 0, beta: 0 }, [y], [1, 3, 4]);
    const column = net.node({ kind: 'Reduce', fn: 'Mean', axes: [2], keepDims: true }, [positive], [1, 3, 1]);
    const apart = net.node(ADD, [column, net.constant('one', [], Float32Array.of(0.5))], [1, 3, 1]);
    const z = net.node({ kind: 'Binary', fn }, [positive, apart], [1, 3, 4]);
    checkGradients(net.graph(flat(net, z, 12)));
  }
});

test('PRelu, with its slope', () => {
  const { net, y } = shifted([4, 5]);
  const z = net.node({ kind: 'Binary', fn: 'PRelu' }, [y, net.weights('slope', [4, 1], 0.1, 0.9)], [1, 4, 5]);
  checkGradients(net.graph(flat(net, z, 20)));
});

test('Variadic Sum and Mean', () => {
  for (const fn of ['Sum', 'Mean'] as const) {
    const { net, y } = shifted([9]);
    const z = net.node({ kind: 'Unary', fn: 'Tanh', alpha: 0, beta: 0 }, [y], [1, 9]);
    checkGradients(net.graph(net.node({ kind: 'Variadic', fn }, [y, z, y], [1, 9])));
  }
});

const WINDOW = { kernelShape: [3, 2], strides: [2, 1], dilations: [1, 1], pads: [1, 0, 1, 1] };
test('pooling', () => {
  const ops: Op[] = [
    { kind: 'AveragePool', ceilMode: false, countIncludePad: true, ...WINDOW },
    { kind: 'AveragePool', ceilMode: false, countIncludePad: false, ...WINDOW },
    { kind: 'MaxPool', ceilMode: false, storageOrder: 0, ...WINDOW },
  ];
  for (const op of ops) {
    const { net, y } = shifted([2, 6, 5]);
    const ordered = Float32Array.from({ length: 60 }, (_, i) => ((i * 37) % 60) * 4);
    const spread =
      op.kind === 'MaxPool' ? net.node(ADD, [y, net.constant('order', [1, 2, 6, 5], ordered)], [1, 2, 6, 5]) : y;
    const pooled = net.node(op, [spread], [1, 2, 3, 5]);
    const scaled = net.node(
      { kind: 'Binary', fn: 'Mul' },
      [pooled, net.constant('s', [], Float32Array.of(0.01))],
      [1, 2, 3, 5],
    );
    checkGradients(net.graph(flat(net, op.kind === 'MaxPool' ? scaled : pooled, 30)));
  }
  const { net, y } = shifted([7, 4, 3]);
  const pooled = net.node({ kind: 'GlobalPool', fn: 'Average', p: 2 }, [y], [1, 7, 1, 1]);
  checkGradients(net.graph(flat(net, pooled, 7)));
});

function normalised(op: Op, sample: number[], parameters: number[], running: boolean) {
  const { net, y } = shifted(sample);
  const inputs = [y, net.weights('scale', parameters, 0.2, 1), net.weights('bias', parameters, 0.2)];
  if (running) {
    inputs.push(net.constant('mean', parameters, new Float32Array(parameters[0]).fill(0.2)));
    inputs.push(net.constant('variance', parameters, new Float32Array(parameters[0]).fill(1.7)));
  }
  const count = sample.reduce((a, b) => a * b, 1);
  const z = flat(net, net.node(op, inputs, [1, ...sample]), count);
  return net.graph(net.node(GEMM, [z, net.weights('w', [6, count], 0.3)], [1, 6]));
}

test('BatchNormalization with the batch’s statistics and frozen', () => {
  const graph = normalised({ kind: 'BatchNormalization', epsilon: 1e-5 }, [4, 3, 5], [4], true);
  checkGradients(graph, { batch: 5 });
  checkGradients(graph, { batch: 5, batchNorm: 'frozen' });
});

test('LayerNormalization, InstanceNormalization and GroupNormalization', () => {
  checkGradients(normalised({ kind: 'LayerNormalization', axis: -1, epsilon: 1e-5 }, [4, 15], [15], false));
  checkGradients(normalised({ kind: 'InstanceNormalization', epsilon: 1e-5 }, [4, 3, 5], [4], false));
  checkGradients(
    normalised({ kind: 'GroupNormalization', groups: 2, epsilon: 1e-5, perChannelScale: true }, [4, 3, 5], [4], false),
  );
  checkGradients(
    normalised({ kind: 'GroupNormalization', groups: 2, epsilon: 1e-5, perChannelScale: false }, [4, 3, 5], [2], false),
  );
});

test('Concat, Split, Slice, Pad and Transpose', () => {
  const { net, y } = shifted([6, 5]);
  const half = (start: number) => {
    const op: Op = { kind: 'Slice', starts: [0, start, 4], steps: [1, 2, -2], sizes: [1, 3, 3] };
    return net.node(op, [y], [1, 3, 3]);
  };
  const joined = net.node({ kind: 'Concat', axis: 1 }, [half(0), half(1), half(0)], [1, 9, 3]);
  const padded = net.node({ kind: 'Pad', mode: 'constant', pads: [0, 1, -1, 0, 0, 2] }, [joined], [1, 10, 4]);
  const first = net.node({ kind: 'Split', axis: 1, sizes: [4, 6] }, [padded], [1, 4, 4], [1, 6, 4]);
  const second = first.replace(/0$/, '1');
  const wide = net.node({ kind: 'Pad', mode: 'reflect', pads: [0, 0, 1, 0, 0, 2] }, [second], [1, 6, 7]);
  const edge = net.node({ kind: 'Pad', mode: 'edge', pads: [0, 1, 2, 0, 1, 1] }, [first], [1, 6, 7]);
  const sum = net.node({ kind: 'Binary', fn: 'Mul' }, [wide, edge], [1, 6, 7]);
  const turned = net.node({ kind: 'Transpose', perm: [0, 2, 1] }, [sum], [1, 7, 6]);
  checkGradients(net.graph(flat(net, turned, 42)));
});

test('Reduce', () => {
  for (const fn of ['Sum', 'Mean', 'L2', 'SumSquare', 'LogSumExp'] as const) {
    for (const axes of [[2], [1, 2], [1, 3]]) {
      const { net, y } = shifted([3, 4, 5]);
      const shape = [1, 3, 4, 5].map((size, i) => (axes.includes(i) ? 1 : size));
      const z = net.node({ kind: 'Reduce', fn, axes, keepDims: true }, [y], shape);
      const count = shape.reduce((a, b) => a * b, 1);
      const scaled = net.node({ kind: 'Binary', fn: 'Mul' }, [z, net.constant('s', [], Float32Array.of(0.2))], shape);
      checkGradients(net.graph(flat(net, scaled, count)));
    }
  }
});

test('Softmax in the middle of a graph, and at its end left to the loss', () => {
  for (const log of [false, true]) {
    const { net, y } = shifted([4, 5]);
    const soft = net.node({ kind: 'Softmax', axis: 1, log, flatten: false }, [y], [1, 4, 5]);
    checkGradients(net.graph(flat(net, soft, 20)));
  }
  const { net, y } = shifted([8]);
  checkGradients(net.graph(net.node({ kind: 'Softmax', axis: -1, log: false, flatten: false }, [y], [1, 8])));
});

test('Expand', () => {
  const { net, y } = shifted([3, 1]);
  const wide = net.node({ kind: 'Expand', shape: [1, 3, 4] }, [y], [1, 3, 4]);
  const z = net.node({ kind: 'Binary', fn: 'Mul' }, [wide, wide], [1, 3, 4]);
  checkGradients(net.graph(flat(net, z, 12)));
});

test('Gather, Tile, DepthToSpace and SpaceToDepth', () => {
  for (const mode of ['DCR', 'CRD'] as const) {
    const { net, y } = shifted([8, 2, 4]);
    const spread = net.node({ kind: 'DepthToSpace', blockSize: 2, mode }, [y], [1, 2, 4, 8]);
    const product = net.node({ kind: 'Binary', fn: 'Mul' }, [spread, spread], [1, 2, 4, 8]);
    const back = net.node({ kind: 'SpaceToDepth', blockSize: 2 }, [product], [1, 8, 2, 4]);
    const picked = net.node(
      { kind: 'Gather', axis: 1 },
      [back, net.constant('indices', [3], Float32Array.of(5, 0, 5))],
      [1, 3, 2, 4],
    );
    const tiled = net.node({ kind: 'Tile', repeats: [1, 2, 1, 1] }, [picked], [1, 6, 2, 4]);
    checkGradients(net.graph(flat(net, tiled, 48)));
  }
});

test('Resize, nearest and linear', () => {
  for (const mode of ['nearest', 'linear'] as const) {
    const { net, y } = shifted([2, 3, 4]);
    const rest = {
      nearestMode: 'round_prefer_floor',
      cubicA: -0.75,
      excludeOutside: false,
      antialias: false,
      extrapolationValue: 0,
      roi: [],
    };
    const op: Op = {
      kind: 'Resize',
      mode,
      coordinates: 'half_pixel',
      scales: [1, 1, 2, 1.5],
      shape: [1, 2, 6, 6],
      ...rest,
    };
    checkGradients(net.graph(flat(net, net.node(op, [y], [1, 2, 6, 6]), 72)));
  }
});

test('GRU before the reset gate, in reverse, samples first', () => {
  const { net, y } = shifted([6, 3]);
  const fns = ['Sigmoid', 'Tanh'].map((fn) => ({ fn, alpha: 0, beta: 0 }));
  const op: Op = {
    kind: 'GRU',
    hiddenSize: 4,
    direction: 'reverse',
    activations: fns,
    clip: null,
    batchFirst: true,
    linearBeforeReset: false,
  };
  const inputs = [
    y,
    net.weights('w', [1, 12, 3], 0.5),
    net.weights('r', [1, 12, 4], 0.5),
    net.weights('b', [1, 24], 0.2),
  ];
  net.node(op, inputs, [1, 6, 1, 4], [1, 1, 4]);
  const all = net.node({ kind: 'Reshape', shape: [1, 24] }, ['n1.0'], [1, 24]);
  const last = net.node({ kind: 'Reshape', shape: [1, 4] }, ['n1.1'], [1, 4]);
  checkGradients(net.graph(net.node({ kind: 'Concat', axis: 1 }, [all, last], [1, 28])));
});
