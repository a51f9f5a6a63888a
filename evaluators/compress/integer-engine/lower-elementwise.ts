/** Operators that work element by element, and what changes a value's scale or type, as steps of the integer engine. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { addTerms } from '../../ops/integer/qlinear-binary.ts';
import { softmaxTable } from '../../ops/integer/qlinear-softmax.ts';
import { unaryTable } from '../../ops/integer/qlinear-unary.ts';
import { isQuantizedType, limits, quantizeValue, scalar } from '../../ops/integer/requantize.ts';
import { valueInfo } from '../graph-edit.ts';
import { floatWord } from './engine-memory.ts';
import {
  type Activation,
  activation,
  constant,
  dequantizeTable,
  type Lowering,
  outputLimits,
} from './integer-operands.ts';

function binaryOperands(l: Lowering, node: Node): { a: Activation; b: Activation; y: Activation } | null {
  const a = activation(l, node.inputs[0]);
  const b = activation(l, node.inputs[3]);
  const y = activation(l, node.outputs[0]);
  return a === null || b === null || y === null ? null : { a, b, y };
}

export function lowerAdd(l: Lowering, node: Node, op: OpOf<'QLinearBinary'>): number | null {
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

export function lowerMul(l: Lowering, node: Node, op: OpOf<'QLinearBinary'>): number | null {
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

export function lowerUnary(l: Lowering, node: Node, op: OpOf<'QLinearUnary'>): number | null {
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
export function lowerRescale(l: Lowering, node: Node): number | null {
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

export function lowerSoftmax(l: Lowering, node: Node, op: OpOf<'QLinearSoftmax'>): number | null {
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

export function lowerQuantize(l: Lowering, node: Node, op: OpOf<'QuantizeLinear'>): number | null {
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

export function lowerDequantize(l: Lowering, node: Node): number | null {
  const x = activation(l, node.inputs[0]);
  const to = l.address(node.outputs[0]);
  if (x === null || to === undefined || constant(l, node.inputs[1])?.data.length !== 1) return null;
  const table = dequantizeTable(l, node.inputs, x.signed, true);
  return l.memory.step('dequantize', [x.address, to, x.count, l.memory.place(table)]);
}
