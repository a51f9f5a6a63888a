/**
 * A graph of independent random layers (convolutions with groups, dilation, strides and padding, depthwise, fully connected; float, int8 and
 * uint8 with zero points) whose weights have any share of zeros, few values, N:M patterns or halves. Each layer has an input of its own.
 */
import type { DType } from '../../evaluators/ir/dtype.ts';
import type { Graph, Node } from '../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../evaluators/ir/tensor.ts';
import { smallGraph } from './small-graph.ts';

type Draw = (below: number) => number;

function generator(seed: number): Draw {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

interface Parts {
  readonly inputs: Record<string, readonly number[]>;
  readonly initializers: Record<string, Tensor>;
  readonly nodes: Node[];
  readonly values: Record<string, readonly number[]>;
  readonly dtypes: Record<string, DType>;
  readonly outputs: string[];
}

const DENSITIES = [0, 0.01, 0.05, 0.15, 0.4, 0.7, 1];

function drawWeight(draw: Draw, kind: number, dtype: 'float32' | 'int8' | 'uint8', zero: number): number {
  if (dtype === 'float32') {
    if (kind === 0) return [0.5, -2, 1024, -0.0625][draw(4)] ?? 0;
    if (kind === 1) return Math.fround(draw(2000) / 7 - 140);
    return [1e38, -1e38, 1e-42, 65504, 2 ** -24, -1][draw(6)] ?? 0;
  }
  const [low, high] = dtype === 'int8' ? [-128, 127] : [0, 255];
  if (kind === 0) return Math.min(high, Math.max(low, zero + draw(15) - 7));
  return kind === 1 ? low + draw(256) : draw(2) === 0 ? low : high;
}

function weights(draw: Draw, shape: readonly number[], dtype: 'float32' | 'int8' | 'uint8', zero: number): Tensor {
  const density = DENSITIES[draw(DENSITIES.length)] ?? 1;
  const kind = draw(3);
  const every = draw(4) === 0 ? 4 : 0;
  const data = Array.from({ length: elementCount(shape) }, (_, i) => {
    const present = every > 0 ? i % every === draw(2) : draw(1000) < density * 1000;
    return present ? drawWeight(draw, kind, dtype, zero) : zero;
  });
  if (dtype === 'float32') return tensor('float32', shape, Float32Array.from(data));
  return dtype === 'int8' ? tensor('int8', shape, Int8Array.from(data)) : tensor('uint8', shape, Uint8Array.from(data));
}

const scalarOf = (dtype: 'int8' | 'uint8', value: number) =>
  dtype === 'int8' ? tensor('int8', [], Int8Array.of(value)) : tensor('uint8', [], Uint8Array.of(value));
const float = (...values: readonly number[]) =>
  tensor('float32', values.length === 1 ? [] : [values.length], Float32Array.from(values));

function addLayer(parts: Parts, draw: Draw, index: number): void {
  const dtype = (['float32', 'int8', 'uint8'] as const)[draw(3)] ?? 'float32';
  const convolution = draw(3) > 0;
  const name = (role: string) => `${role}${index}`;
  const zeroOf = (type: 'int8' | 'uint8') => (type === 'int8' ? draw(256) - 128 : draw(256));
  const wZero = dtype === 'uint8' ? draw(256) : 0;
  const shapes = convolution ? convolutionShapes(draw) : linearShapes(draw);
  const { x, w, y, outputs } = shapes;
  parts.inputs[name('x')] = x;
  parts.values[name('y')] = y;
  parts.outputs.push(name('y'));
  parts.initializers[name('w')] = weights(draw, w, dtype, wZero);
  const bias = draw(4) > 0;
  if (dtype === 'float32') {
    if (bias) {
      const data = Float32Array.from({ length: outputs }, () => draw(9) - 4);
      parts.initializers[name('b')] = tensor('float32', [outputs], data);
    }
    const inputs = [name('x'), name('w'), bias ? name('b') : ''];
    parts.nodes.push({ name: name('n'), op: shapes.op, inputs, outputs: [name('y')] });
    return;
  }
  parts.dtypes[name('x')] = dtype;
  parts.dtypes[name('y')] = dtype;
  const scales = draw(2) === 0 ? 1 : outputs;
  parts.initializers[name('xs')] = float(0.05);
  parts.initializers[name('xz')] = scalarOf(dtype, zeroOf(dtype));
  parts.initializers[name('ws')] = float(...Array.from({ length: scales }, () => 0.001 * (1 + draw(50))));
  parts.initializers[name('wz')] = scalarOf(dtype, wZero);
  parts.initializers[name('ys')] = float(0.4);
  parts.initializers[name('yz')] = scalarOf(dtype, zeroOf(dtype));
  if (bias) {
    parts.initializers[name('b')] = tensor(
      'int32',
      [outputs],
      Int32Array.from({ length: outputs }, () => draw(20001) - 10000),
    );
  }
  const [xs, xz, ws, wz, ys, yz] = ['xs', 'xz', 'ws', 'wz', 'ys', 'yz'].map(name);
  const b = bias ? name('b') : '';
  const quantized = convolution
    ? [name('x'), xs, xz, name('w'), ws, wz, ys, yz, b]
    : [name('x'), xs, xz, name('w'), ws, wz, b, ys, yz];
  parts.nodes.push({
    name: name('n'),
    op: shapes.quantizedOp,
    inputs: quantized.map((input) => input ?? ''),
    outputs: [name('y')],
  });
}

function linearShapes(draw: Draw) {
  const rows = 1 + draw(2) * draw(5);
  const k = draw(3) === 0 ? 260 + draw(400) : 1 + draw(60);
  const n = 1 + draw(9);
  const op = { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true } as const;
  const quantizedOp = { kind: 'QGemm', alpha: 1, transA: false, transB: true } as const;
  return { x: [rows, k], w: [n, k], y: [rows, n], outputs: n, op, quantizedOp };
}

function convolutionShapes(draw: Draw) {
  const depthwise = draw(4) === 0;
  const group = depthwise ? 2 + draw(3) : 1 + draw(2);
  const channels = depthwise ? group : group * (1 + draw(6));
  const outputs = group * (1 + draw(4));
  const [kh, kw, sh, sw, dh, dw] = [1 + draw(3), 1 + draw(4), 1 + draw(2), 1 + draw(2), 1 + draw(2), 1 + draw(2)];
  const pads = [draw(2), draw(3), draw(2), draw(2)];
  const height = (kh - 1) * dh + 1 + draw(4);
  const width = (kw - 1) * dw + 1 + draw(9);
  const out = (size: number, pad: number, k: number, d: number, s: number) =>
    Math.floor((size + pad - (k - 1) * d - 1) / s) + 1;
  const oh = out(height, (pads[0] ?? 0) + (pads[2] ?? 0), kh, dh, sh);
  const ow = out(width, (pads[1] ?? 0) + (pads[3] ?? 0), kw, dw, sw);
  const geometry = { group, kernelShape: [kh, kw], strides: [sh, sw], dilations: [dh, dw], pads };
  return {
    x: [1, channels, height, width],
    w: [outputs, channels / group, kh, kw],
    y: [1, outputs, oh, ow],
    outputs,
    op: { kind: 'Conv', ...geometry } as const,
    quantizedOp: { kind: 'QLinearConv', ...geometry } as const,
  };
}

export function encodedLayers(seed: number, count: number): Graph {
  const draw = generator(seed);
  const parts: Parts = { inputs: {}, initializers: {}, nodes: [], values: {}, dtypes: {}, outputs: [] };
  for (let index = 0; index < count; index++) addLayer(parts, draw, index);
  return smallGraph(parts);
}

/** Bytes of each input: floats of moderate and large size, any bytes. */
export function randomInputs(graph: Graph, seed: number): Uint8Array[] {
  const draw = generator(seed);
  return graph.inputs.map(({ dtype, shape }) => {
    const count = elementCount(shape);
    if (dtype !== 'float32')
      return Uint8Array.from({ length: count }, () => (draw(5) === 0 ? draw(2) * 255 : draw(256)));
    const data = Float32Array.from({ length: count }, () => (draw(20) === 0 ? 1e37 : draw(2001) / 100 - 10));
    return new Uint8Array(data.buffer);
  });
}
