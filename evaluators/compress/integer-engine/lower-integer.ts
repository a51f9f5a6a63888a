/** Nodes as steps of the integer engine. A node without a step here runs by its reference implementation. */
import type { Graph, Node, ValueInfo } from '../../ir/graph.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { addTerms } from '../../ops/integer/qlinear-binary.ts';
import { coversImage, meanMultiplier } from '../../ops/integer/qlinear-pool.ts';
import { softmaxTable } from '../../ops/integer/qlinear-softmax.ts';
import { unaryTable } from '../../ops/integer/qlinear-unary.ts';
import {
  isQuantizedType,
  type Limits,
  limits,
  multipliers,
  perChannel,
  quantizeValue,
  scalar,
} from '../../ops/integer/requantize.ts';
import { valueInfo } from '../graph-edit.ts';
import { type EngineMemory, floatWord } from './engine-memory.ts';
import { packWeights } from './pack-weights.ts';

export interface Lowering {
  readonly graph: Graph;
  readonly memory: EngineMemory;
  readonly batch: number;
  /** Address of a computed value, [batch][bytes of one sample]; undefined for constants. */
  address(name: string): number | undefined;
}

/** Bytes of columns that fit the first-level cache beside the weights. */
const COLUMN_BYTES = 32768;

const ceilTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

function constant(l: Lowering, name: string | undefined): Tensor | undefined {
  return name === undefined || name === '' ? undefined : l.graph.initializers.get(name);
}

/** 1 for int8, 0 for uint8, null for anything else. */
function signedness(info: ValueInfo): 0 | 1 | null {
  return info.dtype === 'int8' ? 1 : info.dtype === 'uint8' ? 0 : null;
}

interface Activation {
  readonly address: number;
  readonly signed: 0 | 1;
  readonly shape: readonly number[];
  readonly count: number;
}

function activation(l: Lowering, name: string | undefined): Activation | null {
  if (name === undefined || name === '') return null;
  const info = valueInfo(l.graph, name);
  const signed = signedness(info);
  const address = l.address(name);
  return signed === null || address === undefined
    ? null
    : { address, signed, shape: info.shape, count: elementCount(info.shape) };
}

/** The step's address, or null when the engine has no kernel for exactly this node. */
export function lowerIntegerNode(l: Lowering, node: Node): number | null {
  const { op } = node;
  switch (op.kind) {
    case 'QLinearConv':
      return lowerConv(l, node, op);
    case 'QGemm':
      return op.transA ? null : lowerDense(l, node, gemmOperands(l, node, op));
    case 'QLinearMatMul':
      return lowerDense(l, node, matMulOperands(l, node, op));
    case 'MaxPool':
      return (node.outputs[1] ?? '') === '' ? lowerMaxPool(l, node, op) : null;
    case 'QLinearAveragePool':
      return lowerAveragePool(l, node, op);
    case 'QLinearGlobalAveragePool':
      return lowerMean(l, node, 2);
    case 'QLinearReduceMean':
      return lowerReduceMean(l, node, op);
    case 'QLinearBinary':
      return op.fn === 'Add' ? lowerAdd(l, node, op) : lowerMul(l, node, op);
    case 'QLinearUnary':
      return lowerUnary(l, node, op);
    case 'QLinearConcat':
      return node.inputs.length === 5 ? lowerRescale(l, node) : null;
    case 'QLinearSoftmax':
      return lowerSoftmax(l, node, op);
    case 'QuantizeLinear':
      return lowerQuantize(l, node, op);
    case 'DequantizeLinear':
      return lowerDequantize(l, node);
    default:
      return null;
  }
}

/** [h, w] of a window's sizes, with 1-D as one row. */
function pair(values: readonly number[], fill: number): readonly [number, number] {
  return values.length === 1 ? [fill, values[0]] : [values[0], values[1]];
}

function planeOf(shape: readonly number[]): readonly [number, number] {
  return shape.length === 3 ? [1, shape[2]] : [shape[2], shape[3]];
}

function lowerConv(l: Lowering, node: Node, op: OpOf<'QLinearConv'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  const w = constant(l, node.inputs[3]);
  if (x === null || y === null || w === undefined || op.kernelShape.length > 2) return null;
  const outputs = w.shape[0];
  const depth = elementCount(w.shape.slice(1));
  const [height, width] = planeOf(x.shape);
  const [outH, outW] = planeOf(y.shape);
  const kernel = pair(op.kernelShape, 1);
  const stride = pair(op.strides, 1);
  const dilation = pair(op.dilations, 1);
  const pads = pair(op.pads.slice(0, op.kernelShape.length), 0);
  const paddedH = Math.max(height + pads[0], (outH - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1);
  const paddedW = Math.max(width + pads[1], (outW - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1);
  const pairs = Math.ceil(depth / 2);
  const block = Math.max(8, Math.min(ceilTo(outH * outW, 8), Math.floor(COLUMN_BYTES / (pairs * 4) / 8) * 8));
  const zeros = perChannel(constant(l, node.inputs[5]), outputs, 'wZero', 0);
  const weights = l.memory.place(packWeights(w.data as ArrayLike<number>, zeros, outputs, op.group, depth));
  const scales = perChannel(constant(l, node.inputs[4]), outputs, 'wScale');
  const m = multipliers(
    scalar(constant(l, node.inputs[1]), 'xScale'),
    scales,
    scalar(constant(l, node.inputs[6]), 'yScale'),
  );
  const bias = constant(l, node.inputs[8])?.data;
  const { low, high } = outputLimits(y, op.clamp);
  return l.memory.step('conv', [
    x.address,
    x.count,
    y.address,
    y.count,
    x.shape[1],
    height,
    width,
    outputs,
    op.group,
    ...kernel,
    ...stride,
    ...dilation,
    ...pads,
    paddedH,
    paddedW,
    outH,
    outW,
    scalar(constant(l, node.inputs[2]), 'xZero', 0),
    x.signed,
    weights,
    l.memory.place(bias instanceof Int32Array ? bias : new Int32Array(outputs)),
    l.memory.place(Float32Array.from(m)),
    scalar(constant(l, node.inputs[7]), 'yZero', 0),
    low,
    high,
    y.signed,
    l.memory.reserve(2 * x.shape[1] * paddedH * paddedW),
    l.memory.reserve(4 * pairs * block),
    block,
  ]);
}

function outputLimits(y: Activation, clamp?: Parameters<typeof limits>[1]): Limits {
  return limits(y.signed === 1 ? 'int8' : 'uint8', clamp);
}

interface DenseOperands {
  readonly x: string;
  readonly xZero: number;
  readonly weights: Tensor;
  readonly zeros: Float64Array;
  readonly bias: Int32Array;
  readonly multipliers: Float64Array;
  readonly yZero: number;
  readonly outputs: number;
  readonly depth: number;
  /** Index of weight (output, k). */
  readonly at: (output: number, k: number) => number;
  readonly clamp: Parameters<typeof limits>[1];
}

function gemmOperands(l: Lowering, node: Node, op: OpOf<'QGemm'>): DenseOperands | null {
  const weights = constant(l, node.inputs[3]);
  const bias = constant(l, node.inputs[6])?.data;
  if (weights === undefined || weights.shape.length !== 2) return null;
  const [outputs, depth] = op.transB ? [weights.shape[0], weights.shape[1]] : [weights.shape[1], weights.shape[0]];
  if (bias !== undefined && (!(bias instanceof Int32Array) || bias.length !== outputs)) return null;
  const aScale = Math.fround(Math.fround(op.alpha) * scalar(constant(l, node.inputs[1]), 'aScale'));
  const scales = perChannel(constant(l, node.inputs[4]), outputs, 'bScale').map((s) => Math.fround(aScale * s));
  const yScale = constant(l, node.inputs[7]);
  return {
    x: node.inputs[0],
    xZero: scalar(constant(l, node.inputs[2]), 'aZero', 0),
    weights,
    zeros: perChannel(constant(l, node.inputs[5]), outputs, 'bZero', 0),
    bias: bias ?? new Int32Array(outputs),
    multipliers: yScale === undefined ? scales : scales.map((s) => Math.fround(s / scalar(yScale, 'yScale'))),
    yZero: scalar(constant(l, node.inputs[8]), 'yZero', 0),
    outputs,
    depth,
    at: op.transB ? (output, k) => output * depth + k : (output, k) => k * outputs + output,
    clamp: op.clamp,
  };
}

function matMulOperands(l: Lowering, node: Node, op: OpOf<'QLinearMatMul'>): DenseOperands | null {
  const weights = constant(l, node.inputs[3]);
  const aScale = constant(l, node.inputs[1]);
  if (weights === undefined || weights.shape.length !== 2 || aScale?.data.length !== 1) return null;
  const [depth, outputs] = weights.shape;
  return {
    x: node.inputs[0],
    xZero: scalar(constant(l, node.inputs[2]), 'aZero', 0),
    weights,
    zeros: perChannel(constant(l, node.inputs[5]), outputs, 'bZero', 0),
    bias: new Int32Array(outputs),
    multipliers: multipliers(
      scalar(aScale, 'aScale'),
      perChannel(constant(l, node.inputs[4]), outputs, 'bScale'),
      scalar(constant(l, node.inputs[6]), 'yScale'),
    ),
    yZero: scalar(constant(l, node.inputs[7]), 'yZero', 0),
    outputs,
    depth,
    at: (output, k) => k * outputs + output,
    clamp: op.clamp,
  };
}

function lowerDense(l: Lowering, node: Node, d: DenseOperands | null): number | null {
  const x = d === null ? null : activation(l, d.x);
  const output = valueInfo(l.graph, node.outputs[0]);
  const y = l.address(node.outputs[0]);
  const kind = output.dtype === 'float32' ? 2 : signedness(output);
  if (d === null || x === null || y === undefined || kind === null) return null;
  const rows = x.count / d.depth;
  const pitch = ceilTo(rows * l.batch, 8);
  const range = kind === 2 ? { low: 0, high: 0 } : limits(kind === 1 ? 'int8' : 'uint8', d.clamp);
  const packed = packWeights(d.weights.data as ArrayLike<number>, d.zeros, d.outputs, 1, d.depth, d.at);
  return l.memory.step('dense', [
    x.address,
    y,
    rows,
    d.depth,
    d.outputs,
    d.xZero,
    x.signed,
    l.memory.place(packed),
    l.memory.place(d.bias),
    l.memory.place(Float32Array.from(d.multipliers)),
    d.yZero,
    range.low,
    range.high,
    kind,
    l.memory.reserve(4 * Math.ceil(d.depth / 2) * pitch),
    pitch,
  ]);
}

/** The words that describe a window over two axes. */
function windowWords(op: Window, x: Activation, y: Activation): number[] | null {
  if (op.kernelShape.length > 2) return null;
  return [
    x.address,
    y.address,
    x.shape[0] * x.shape[1],
    ...planeOf(x.shape),
    ...pair(op.kernelShape, 1),
    ...pair(op.strides, 1),
    ...pair(op.dilations, 1),
    ...pair(op.pads.slice(0, op.kernelShape.length), 0),
    ...planeOf(y.shape),
    x.signed,
  ];
}

function lowerMaxPool(l: Lowering, node: Node, op: OpOf<'MaxPool'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  const words = x === null || y === null ? null : windowWords(op, x, y);
  return words === null ? null : l.memory.step('maxPool', words);
}

function lowerAveragePool(l: Lowering, node: Node, op: OpOf<'QLinearAveragePool'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  if (coversImage(op, x.shape)) return lowerMean(l, node, 2);
  const words = windowWords(op, x, y);
  if (words === null) return null;
  const { low, high } = outputLimits(y);
  const table = dequantizeTable(l, node.inputs, x.signed, false);
  const yScale = scalar(constant(l, node.inputs[3]), 'yScale');
  const yZero = scalar(constant(l, node.inputs[4]), 'yZero', 0);
  return l.memory.step('averagePool', [
    ...words,
    l.memory.place(table),
    op.countIncludePad ? 1 : 0,
    floatWord(yScale),
    yZero,
    low,
    high,
  ]);
}

/** Mean over the axes from `first` on. */
function lowerMean(l: Lowering, node: Node, first: number): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  const length = elementCount(x.shape.slice(first));
  const [xScale, yScale] = [node.inputs[1], node.inputs[3]].map((name) => scalar(constant(l, name), 'scale'));
  const { low, high } = outputLimits(y);
  return l.memory.step('mean', [
    x.address,
    y.address,
    x.count / length,
    length,
    scalar(constant(l, node.inputs[2]), 'xZero', 0),
    x.signed,
    floatWord(meanMultiplier(xScale, yScale, length)),
    scalar(constant(l, node.inputs[4]), 'yZero', 0),
    low,
    high,
  ]);
}

function lowerReduceMean(l: Lowering, node: Node, op: OpOf<'QLinearReduceMean'>): number | null {
  const rank = valueInfo(l.graph, node.inputs[0]).shape.length;
  const first = rank - op.axes.length;
  return first >= 1 && op.axes.every((axis, i) => axis === first + i) ? lowerMean(l, node, first) : null;
}

function binaryOperands(l: Lowering, node: Node): { a: Activation; b: Activation; y: Activation } | null {
  const a = activation(l, node.inputs[0]);
  const b = activation(l, node.inputs[3]);
  const y = activation(l, node.outputs[0]);
  return a === null || b === null || y === null ? null : { a, b, y };
}

function lowerAdd(l: Lowering, node: Node, op: OpOf<'QLinearBinary'>): number | null {
  const operands = binaryOperands(l, node);
  if (operands === null || operands.a.count !== operands.y.count || operands.b.count !== operands.y.count) return null;
  const { a, b, y } = operands;
  const number = (index: number, fallback?: number): number =>
    scalar(constant(l, node.inputs[index]), 'scale', fallback);
  const { ra, rb, fixed } = addTerms({
    aScale: number(1),
    aZero: number(2, 0),
    bScale: number(4),
    bZero: number(5, 0),
    yScale: number(6),
    yZero: number(7, 0),
  });
  const first = Float64Array.from({ length: 256 }, (_, i) => (i - (a.signed ? 128 : 0)) * ra);
  const second = Float32Array.from({ length: 256 }, (_, i) => (i - (b.signed ? 128 : 0)) * rb + fixed);
  const { low, high } = outputLimits(y, op.clamp);
  const tables = [l.memory.place(first), l.memory.place(second)];
  return l.memory.step('add', [a.address, b.address, y.address, y.count, a.signed, b.signed, ...tables, low, high]);
}

/** How often each element of b is used in a row when b's trailing axes are 1; null for other kinds of broadcasting. */
function innerRepeat(a: readonly number[], b: readonly number[]): number | null {
  if (a.length !== b.length) return null;
  let axis = a.length;
  while (axis > 0 && b[axis - 1] === 1) axis--;
  return b.slice(0, axis).every((size, i) => size === a[i]) ? elementCount(a.slice(axis)) : null;
}

function lowerMul(l: Lowering, node: Node, op: OpOf<'QLinearBinary'>): number | null {
  const operands = binaryOperands(l, node);
  if (operands === null || operands.a.count !== operands.y.count) return null;
  const { a, b, y } = operands;
  const inner = innerRepeat(a.shape, b.shape);
  if (inner === null) return null;
  const number = (index: number, fallback?: number): number =>
    scalar(constant(l, node.inputs[index]), 'scale', fallback);
  const ratio = Math.fround(Math.fround(number(1) * number(4)) / number(6));
  const { low, high } = outputLimits(y, op.clamp);
  const zeros = [number(2, 0), number(5, 0)];
  return l.memory.step('mul', [
    a.address,
    b.address,
    y.address,
    y.count,
    a.signed,
    b.signed,
    ...zeros,
    floatWord(ratio),
    number(7, 0),
    low,
    high,
    inner,
  ]);
}

/** A table indexed by value + 128 (signed) or value, in the order of the byte's bits: entry i belongs to the byte i. */
function byByte(table: ArrayLike<number>, signed: 0 | 1): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => table[signed ? (byte + 128) % 256 : byte]);
}

function lowerUnary(l: Lowering, node: Node, op: OpOf<'QLinearUnary'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  const number = (index: number, fallback?: number): number =>
    scalar(constant(l, node.inputs[index]), 'scale', fallback);
  const scales = { xScale: number(1), xZero: number(2, 0), yScale: number(3), yZero: number(4, 0) };
  const table = unaryTable(op, scales, x.signed === 1, y.signed === 1 ? 'int8' : 'uint8');
  return l.memory.step('table', [x.address, y.address, x.count, l.memory.place(byByte(table, x.signed))]);
}

/** One value at another scale. Inputs: yScale, yZero, x, xScale, xZero. */
function lowerRescale(l: Lowering, node: Node): number | null {
  const [, , xName, xScale, xZero] = node.inputs;
  const x = activation(l, xName);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null) return null;
  const real = dequantizeTable(l, [xName, xScale, xZero], x.signed, false);
  const yScale = scalar(constant(l, node.inputs[0]), 'yScale');
  const yZero = scalar(constant(l, node.inputs[1]), 'yZero', 0);
  const range = outputLimits(y);
  const table = Array.from(real, (value) => quantizeValue(value, yScale, yZero, range));
  return l.memory.step('table', [x.address, y.address, x.count, l.memory.place(byByte(table, x.signed))]);
}

/** f32(scale · (q - zero)) of every q, by value or by the byte's bits. Inputs: x, scale, zero. */
function dequantizeTable(l: Lowering, inputs: readonly string[], signed: 0 | 1, bitOrder: boolean): Float32Array {
  const scale = scalar(constant(l, inputs[1]), 'scale');
  const zero = scalar(constant(l, inputs[2]), 'zero', 0);
  const table = Float32Array.from({ length: 256 }, (_, i) => scale * (i - (signed ? 128 : 0) - zero));
  return bitOrder && signed ? Float32Array.from({ length: 256 }, (_, byte) => table[(byte + 128) % 256]) : table;
}

function lowerSoftmax(l: Lowering, node: Node, op: OpOf<'QLinearSoftmax'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  if (x === null || y === null || elementCount(x.shape.slice(op.axis + 1)) !== 1) return null;
  const length = x.shape[op.axis];
  const table = softmaxTable(scalar(constant(l, node.inputs[1]), 'xScale'), length);
  const inverse = Math.floor(Math.fround(1 / scalar(constant(l, node.inputs[3]), 'yScale')));
  const { low, high } = outputLimits(y);
  return l.memory.step('softmax', [
    x.address,
    y.address,
    x.count / length,
    length,
    x.signed,
    l.memory.place(table),
    floatWord(inverse),
    scalar(constant(l, node.inputs[4]), 'yZero', 0),
    low,
    high,
  ]);
}

function lowerQuantize(l: Lowering, node: Node, op: OpOf<'QuantizeLinear'>): number | null {
  const x = valueInfo(l.graph, node.inputs[0]);
  const [from, to] = [l.address(node.inputs[0]), l.address(node.outputs[0])];
  const scale = constant(l, node.inputs[1]);
  if (from === undefined || to === undefined || x.dtype !== 'float32' || scale?.data.length !== 1) return null;
  if (!isQuantizedType(op.to) || (op.to !== 'int8' && op.to !== 'uint8')) return null;
  const { low, high } = limits(op.to);
  const zero = scalar(constant(l, node.inputs[2]), 'zero', 0);
  const count = elementCount(x.shape);
  return l.memory.step('quantize', [from, to, count, floatWord(scalar(scale, 'scale')), zero, low, high]);
}

function lowerDequantize(l: Lowering, node: Node): number | null {
  const x = activation(l, node.inputs[0]);
  const to = l.address(node.outputs[0]);
  if (x === null || to === undefined || constant(l, node.inputs[1])?.data.length !== 1) return null;
  const table = dequantizeTable(l, node.inputs, x.signed, true);
  return l.memory.step('dequantize', [x.address, to, x.count, l.memory.place(table)]);
}
