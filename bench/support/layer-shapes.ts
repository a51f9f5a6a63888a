/** Random single layers of the sizes that networks for microcontrollers have, integer and float: to measure kernels with. */
import type { Graph } from '@tinypareto/evaluators';
import { Layer, type Random } from './layer-builder.ts';

interface Geometry {
  readonly kernelShape: [number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pads: [number, number, number, number];
  readonly height: number;
  readonly width: number;
  readonly outputs: number;
}

function geometry(random: Random, kernels: readonly [[number, number], ...[number, number][]]): Geometry {
  const [kh, kw] = random.pick(kernels);
  const height = random.size(Math.max(kh, 3), 32);
  const width = kh === 1 && kw > 1 ? random.size(8, 64) : random.size(Math.max(kw, 3), 32);
  const stride = kh === 1 && kw === 1 ? 1 : random.pick([1, 1, 2]);
  const same = random.next() < 0.7;
  const [ph, pw] = same ? [kh >> 1, kw >> 1] : [0, 0];
  const out = (size: number, kernel: number, pad: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return {
    kernelShape: [kh, kw],
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [ph, pw, ph, pw],
    height,
    width,
    outputs: out(height, kh, ph) * out(width, kw, pw),
  };
}

const KERNELS: readonly [[number, number], ...[number, number][]] = [
  [1, 1],
  [1, 1],
  [3, 3],
  [3, 3],
  [3, 3],
  [5, 5],
  [1, 5],
  [10, 4],
  [2, 2],
];

function window({ kernelShape, strides, dilations, pads }: Geometry) {
  return { kernelShape, strides, dilations, pads };
}

function convolution(layer: Layer, integer: boolean, depthwise: boolean): Graph {
  const { random } = layer;
  const g = geometry(
    random,
    depthwise
      ? [
          [3, 3],
          [3, 3],
          [3, 3],
          [5, 5],
          [3, 1],
        ]
      : KERNELS,
  );
  const taps = g.kernelShape[0] * g.kernelShape[1];
  const room = Math.max(1, random.size(50_000, 2_000_000) / (g.outputs * taps));
  // Networks mostly have multiples of four channels, and kernels are made for them.
  const whole = random.next() < 0.6;
  const count = (most: number): number => {
    const size = random.size(1, Math.max(1, most));
    return whole && size > 2 ? Math.ceil(size / 4) * 4 : size;
  };
  const channels = count(depthwise ? Math.min(128, Math.max(2, room)) : Math.min(64, Math.sqrt(room)));
  const out = depthwise ? channels : count(Math.min(128, room / channels));
  const group = depthwise ? channels : 1;
  const shape = [out, channels / group, ...g.kernelShape];
  const x = layer.input(integer ? 'int8' : 'float32', [1, channels, g.height, g.width]);
  if (!integer)
    return layer.finish({ kind: 'Conv', ...window(g), group }, [x, layer.float('w', shape), layer.float('b', [out])]);
  const w = layer.int8('w', shape);
  const scales = layer.parameters('w', 0.002, 0.02, out);
  const y = layer.result((channels / group) * taps);
  const inputs = [x, ...layer.parameters('x'), w, ...scales, ...y, layer.int32('b', out)];
  const clamp = random.next() < 0.2 ? { clamp: { min: -100, max: 100 } } : {};
  return layer.finish({ kind: 'QLinearConv', ...window(g), group, ...clamp }, inputs);
}

/** Groups of some channels, or of one with several filters. */
function grouped(layer: Layer, integer: boolean): Graph {
  const { random } = layer;
  const g = geometry(random, [
    [1, 1],
    [3, 3],
    [3, 3],
  ]);
  const group = random.pick([2, 2, 4, 8]);
  const taps = g.kernelShape[0] * g.kernelShape[1];
  const most = Math.max(1, Math.sqrt(random.size(50_000, 1_000_000) / (g.outputs * taps * group)));
  const several = random.next() < 0.8;
  const depth = several ? random.size(2, Math.max(2, Math.min(32, most))) : 1;
  const filters = several ? random.size(2, Math.max(2, Math.min(32, most))) : random.pick([2, 2, 3]);
  const [channels, out] = [group * depth, group * filters];
  const x = layer.input(integer ? 'int8' : 'float32', [1, channels, g.height, g.width]);
  const shape = [out, depth, ...g.kernelShape];
  if (!integer)
    return layer.finish({ kind: 'Conv', ...window(g), group }, [x, layer.float('w', shape), layer.float('b', [out])]);
  const scales = layer.parameters('w', 0.002, 0.02, out);
  const inputs = [x, ...layer.parameters('x'), layer.int8('w', shape), ...scales, ...layer.result(depth * taps)];
  return layer.finish({ kind: 'QLinearConv', ...window(g), group }, [...inputs, layer.int32('b', out)]);
}

/** Kernels of three columns over an even number of them, channels in fours: what two pixels at once are computed for. */
function inPairs(layer: Layer): Graph {
  const { random } = layer;
  const [rows, half, taps] = [random.size(2, 24), random.size(1, 12), random.size(1, 3)];
  const [channels, out] = [4 * random.size(1, 12), 4 * random.size(2, 14)];
  const kernel = {
    kernelShape: [taps, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [taps >> 1, 1, (taps - 1) >> 1, 1],
  };
  const x = layer.input('int8', [1, channels, rows, 2 * half]);
  const weights = [layer.int8('w', [out, channels, taps, 3]), ...layer.parameters('w', 0.002, 0.02, out)];
  const inputs = [x, ...layer.parameters('x'), ...weights, ...layer.result(3 * taps * channels), layer.int32('b', out)];
  const clamp = random.next() < 0.2 ? { clamp: { min: -100, max: 100 } } : {};
  return layer.finish({ kind: 'QLinearConv', ...kernel, group: 1, ...clamp }, inputs);
}

function convTranspose(layer: Layer): Graph {
  const { random } = layer;
  const [stride, kernel] = random.pick([
    [2, 2],
    [2, 3],
    [2, 4],
    [3, 3],
    [1, 3],
  ]);
  const [height, width] = [random.size(2, 16), random.size(2, 16)];
  const most = Math.max(1, Math.sqrt(random.size(20_000, 600_000) / (height * width * kernel * kernel)));
  const [channels, out] = [random.size(1, Math.min(64, most)), random.size(1, Math.min(64, most))];
  const pad = Math.floor((kernel - stride) / 2);
  const x = layer.input('float32', [1, channels, height, width]);
  const op = {
    kernelShape: [kernel, kernel],
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [pad, pad, pad, pad],
    outputPadding: [0, 0],
  };
  const inputs = [x, layer.float('w', [channels, out, kernel, kernel]), layer.float('b', [out])];
  return layer.finish({ kind: 'ConvTranspose', ...op, group: 1 }, inputs);
}

/** Products of computed matrices as in attention: heads × tokens × features, the second one mostly transposed. */
function matmul(layer: Layer): Graph {
  const { random } = layer;
  const [batches, m, k, n] = [random.integer(1, 4), random.size(1, 48), random.size(4, 96), random.size(2, 64)];
  const a = layer.input('int8', [1, batches, m, k]);
  const turned = random.next() < 0.7;
  const given = layer.input('int8', [1, batches, ...(turned ? [n, k] : [k, n])]);
  const b = turned ? layer.node({ kind: 'Transpose', perm: [0, 1, 3, 2] }, [given]) : given;
  const inputs = [a, ...layer.parameters('a'), b, ...layer.parameters('b'), ...layer.result(k)];
  return layer.finish({ kind: 'QLinearMatMul' }, inputs);
}

function dense(layer: Layer, integer: boolean): Graph {
  const { random } = layer;
  const [length, out] = [random.size(4, 800), random.size(1, 160)];
  const x = layer.input(integer ? 'int8' : 'float32', [1, length]);
  const gemm = { alpha: 1, transA: false, transB: true };
  if (!integer)
    return layer.finish({ kind: 'Gemm', ...gemm, beta: 1 }, [
      x,
      layer.float('w', [out, length]),
      layer.float('b', [out]),
    ]);
  const inputs = [
    x,
    ...layer.parameters('x'),
    layer.int8('w', [out, length]),
    ...layer.parameters('w', 0.002, 0.02, out),
    layer.int32('b', out),
    ...layer.result(length),
  ];
  return layer.finish({ kind: 'QGemm', ...gemm }, inputs);
}

function image(layer: Layer, integer: boolean, most = 12_000): string {
  const { random } = layer;
  const [height, width] = [random.size(3, 24), random.size(3, 24)];
  const channels = random.size(1, Math.max(1, Math.min(128, most / (height * width))));
  return layer.input(integer ? 'int8' : 'float32', [1, channels, height, width]);
}

function pool(layer: Layer, kind: 'max' | 'average' | 'global', integer: boolean): Graph {
  const x = image(layer, integer);
  const [, , height = 1, width = 1] = layer.inputs[0]?.shape ?? [];
  const k = layer.random.pick([2, 2, 3]);
  const shape = {
    kernelShape: [Math.min(k, height), Math.min(k, width)],
    strides: [2, 2],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
  };
  if (kind === 'max') return layer.finish({ kind: 'MaxPool', ...shape, ceilMode: false, storageOrder: 0 }, [x]);
  const quantization = integer ? [...layer.parameters('x'), ...layer.parameters('y')] : [];
  if (kind === 'global') {
    // Behind a pool images come channels last, at the start of a network as they are.
    const max = { kind: 'MaxPool', ...shape, ceilMode: false, storageOrder: 0 } as const;
    const from = layer.random.next() < 0.5 ? x : layer.node(max, [x]);
    return integer
      ? layer.finish({ kind: 'QLinearGlobalAveragePool' }, [from, ...quantization])
      : layer.finish({ kind: 'GlobalPool', fn: 'Average', p: 0 }, [from]);
  }
  const op = { ...shape, ceilMode: false, countIncludePad: false };
  return layer.finish({ kind: integer ? 'QLinearAveragePool' : 'AveragePool', ...op }, [x, ...quantization]);
}

function binary(layer: Layer, fn: 'Add' | 'Mul', integer: boolean): Graph {
  const a = image(layer, integer);
  const b = layer.input(integer ? 'int8' : 'float32', layer.inputs[0]?.shape ?? []);
  if (!integer) return layer.finish({ kind: 'Binary', fn }, [a, b]);
  const inputs = [a, ...layer.parameters('a'), b, ...layer.parameters('b'), ...layer.parameters('y', 0.05, 0.2)];
  return layer.finish({ kind: 'QLinearBinary', fn }, inputs);
}

function flat(layer: Layer, integer: boolean, most: number): string {
  return layer.input(integer ? 'int8' : 'float32', [1, layer.random.size(2, most)]);
}

/** What is drawn, by name. */
export const LAYER_FAMILIES: Readonly<Record<string, (layer: Layer) => Graph>> = {
  conv_s8: (layer) => convolution(layer, true, false),
  conv_pairs_s8: inPairs,
  depthwise_s8: (layer) => convolution(layer, true, true),
  dense_s8: (layer) => dense(layer, true),
  conv_f32: (layer) => convolution(layer, false, false),
  depthwise_f32: (layer) => convolution(layer, false, true),
  dense_f32: (layer) => dense(layer, false),
  grouped_s8: (layer) => grouped(layer, true),
  grouped_f32: (layer) => grouped(layer, false),
  matmul_s8: (layer) => matmul(layer),
  transpose_conv_f32: (layer) => convTranspose(layer),
  max_s8: (layer) => pool(layer, 'max', true),
  max_f32: (layer) => pool(layer, 'max', false),
  average_s8: (layer) => pool(layer, 'average', true),
  average_f32: (layer) => pool(layer, 'average', false),
  global_s8: (layer) => pool(layer, 'global', true),
  global_f32: (layer) => pool(layer, 'global', false),
  add_s8: (layer) => binary(layer, 'Add', true),
  mul_s8: (layer) => binary(layer, 'Mul', true),
  add_f32: (layer) => binary(layer, 'Add', false),
  quantize: (layer) => {
    const x = image(layer, false);
    return layer.finish({ kind: 'QuantizeLinear', axis: 1, blockSize: 0, to: 'int8' }, [
      x,
      ...layer.parameters('y', 0.005, 0.03),
    ]);
  },
  dequantize: (layer) => {
    const x = image(layer, true);
    return layer.finish({ kind: 'DequantizeLinear', axis: 1, blockSize: 0 }, [x, ...layer.parameters('x')]);
  },
  softmax_f32: (layer) =>
    layer.finish({ kind: 'Softmax', axis: 1, log: false, flatten: false }, [flat(layer, false, 200)]),
  softmax_s8: (layer) =>
    layer.finish({ kind: 'QLinearSoftmax', axis: 1 }, [
      flat(layer, true, 200),
      ...layer.parameters('x'),
      ...layer.parameters('y', 0.0039, 0.004),
    ]),
  sigmoid_s8: (layer) =>
    layer.finish({ kind: 'QLinearUnary', fn: 'Sigmoid', alpha: 0, beta: 0 }, [
      flat(layer, true, 4000),
      ...layer.parameters('x'),
      ...layer.parameters('y', 0.003, 0.01),
    ]),
  relu_f32: (layer) => layer.finish({ kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, [flat(layer, false, 4000)]),
  transpose_s8: (layer) => layer.finish({ kind: 'Transpose', perm: [0, 3, 1, 2] }, [image(layer, true)]),
  transpose_f32: (layer) => layer.finish({ kind: 'Transpose', perm: [0, 2, 3, 1] }, [image(layer, false)]),
};

/** The layer of a family with this seed: the same seed gives the same layer. */
export function randomLayer(family: string, seed: number): Graph {
  const make = LAYER_FAMILIES[family];
  if (make === undefined) throw new RangeError(`no layer family ${family}`);
  return make(new Layer(seed));
}
