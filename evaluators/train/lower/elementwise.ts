/** Unary functions, Clip, broadcasting binary and variadic operators. */
import type { Node } from '../../ir/graph.ts';
import type { BinaryFunction, OpOf, UnaryFunction } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { bits } from '../kernels.ts';
import { type Builder, type Slot, UnsupportedTrainingError } from './builder.ts';

/** The order of the enumeration in engine/elementwise.c; Clamp and Square have no ONNX counterpart. */
export const UNARY_NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ...['Abs', 'Celu', 'Elu', 'Erf', 'Exp', 'Gelu', 'GeluTanh', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Log', 'Mish'],
    ...['Neg', 'Reciprocal', 'Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Sqrt', 'Tanh', 'Clamp', 'Square'],
    ...['Sin', 'Cos', 'ThresholdedRelu'],
  ].map((name, index) => [name, index]),
);
const BINARY_NUMBERS: ReadonlyMap<BinaryFunction, number> = new Map(
  (['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'PRelu'] as const).map((name, index) => [name, index]),
);

/** y = fn(x), element by element. */
export function emitUnary(
  b: Builder,
  node: Node,
  fn: UnaryFunction | 'Clamp' | 'GeluTanh',
  p: number,
  q: number,
): void {
  const number = UNARY_NUMBERS[fn];
  if (number === undefined) throw new UnsupportedTrainingError(`${fn} has no derivative to train with`, node.name);
  const x = b.slot(node.inputs[0]);
  const count = elementCount(x.shape);
  const y = b.define(node.outputs[0], x.shape, x.batchAxis);
  b.emit('unary', number, x.offset, y.offset, count, bits(p), bits(q));
  b.differentiable(node, (dy) => {
    const dx = b.gradient(node.inputs[0]);
    b.emit('unary_backward', number, x.offset, y.offset, dy, dx.offset, count, bits(p), bits(q), dx.accumulate);
  });
}

export function lowerUnary(b: Builder, node: Node<OpOf<'Unary'>>): void {
  const { fn, alpha, beta } = node.op;
  emitUnary(b, node, fn === 'Gelu' && alpha === 1 ? 'GeluTanh' : fn, alpha, beta);
}

function scalar(b: Builder, name: string | undefined, fallback: number): number {
  if (name === undefined || name === '') return fallback;
  const value = b.graph.initializers.get(name)?.data[0];
  return value === undefined ? fallback : Number(value);
}

export function lowerClip(b: Builder, node: Node<OpOf<'Clip'>>): void {
  const lo = scalar(b, node.inputs[1], Number.NEGATIVE_INFINITY);
  emitUnary(b, node, 'Clamp', lo, scalar(b, node.inputs[2], Number.POSITIVE_INFINITY));
}

export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const sizeA = a[i - rank + a.length] ?? 1;
    const sizeB = b[i - rank + b.length] ?? 1;
    return sizeA === 1 ? sizeB : sizeA;
  });
}

/** Strides of `shape` seen as `target`: 0 along repeated axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return target.map((_, i) => {
    const axis = i - target.length + shape.length;
    return axis < 0 || shape[axis] === 1 ? 0 : strides[axis];
  });
}

/** Axes (size, stride a, stride b) with neighbours merged where both operands allow it. */
function mergedAxes(target: readonly number[], a: readonly number[], b: readonly number[]): number[][] {
  const axes: number[][] = [];
  target.forEach((size, i) => {
    if (size === 1) return;
    const last = axes.at(-1);
    if (last !== undefined && last[1] === a[i] * size && last[2] === b[i] * size) {
      axes[axes.length - 1] = [last[0] * size, a[i], b[i]];
    } else {
      axes.push([size, a[i], b[i]]);
    }
  });
  return axes.length === 0 ? [[1, 1, 1]] : axes;
}

/** Batch axis of a broadcast result. */
export function broadcastBatchAxis(a: Slot, b: Slot, rank: number): number {
  const shift = (slot: Slot) => (slot.batchAxis < 0 ? -1 : slot.batchAxis + rank - slot.shape.length);
  return Math.max(shift(a), shift(b));
}

export function lowerBinary(b: Builder, node: Node<OpOf<'Binary'>>): void {
  emitBinary(b, node, node.op.fn, node.inputs[0], node.inputs[1], node.outputs[0], node.op.clamp);
}

function emitBinary(
  b: Builder,
  node: Node,
  fn: BinaryFunction,
  aName: string,
  bName: string,
  yName: string,
  clamp: { readonly min: number; readonly max: number } | undefined,
): void {
  const number = BINARY_NUMBERS.get(fn);
  if (number === undefined) throw new UnsupportedTrainingError(`${fn} has no derivative to train with`, node.name);
  const x = b.slot(aName);
  const z = b.slot(bName);
  const shape = broadcastShape(x.shape, z.shape);
  const y = b.define(yName, shape, broadcastBatchAxis(x, z, shape.length));
  const axes = mergedAxes(shape, broadcastStrides(x.shape, shape), broadcastStrides(z.shape, shape));
  b.emit('binary', number, x.offset, z.offset, y.offset, axes.length, ...axes.flat());
  const count = elementCount(shape);
  if (clamp !== undefined) {
    b.emit('unary', UNARY_NUMBERS['Clamp'], y.offset, y.offset, count, bits(clamp.min), bits(clamp.max));
  }
  b.differentiable({ ...node, inputs: [aName, bName], outputs: [yName] }, (dy) => {
    if (clamp !== undefined) b.emit('clamp_backward', y.offset, dy, count, bits(clamp.min), bits(clamp.max));
    const wantsA = b.wants(aName);
    const wantsB = b.wants(bName);
    const same = elementCount(x.shape) === count && elementCount(z.shape) === count;
    if (fn === 'Add' && same) {
      for (const name of [...(wantsA ? [aName] : []), ...(wantsB ? [bName] : [])]) emitAdd(b, dy, name, count);
      return;
    }
    const da = wantsA ? b.gradientSum(aName) : 0;
    const db = wantsB ? b.gradientSum(bName) : 0;
    const wants = (wantsA ? 1 : 0) | (wantsB ? 2 : 0);
    b.emit('binary_backward', number, x.offset, z.offset, dy, da, db, wants, axes.length, ...axes.flat());
  });
}

/** Passes a gradient on unchanged. */
export function emitAdd(b: Builder, dy: number, name: string, count: number): void {
  const { offset, accumulate } = b.gradient(name);
  if (accumulate === 1) b.emit('axpy', dy, offset, count, bits(1));
  else b.emit('copy', dy, offset, 0, 1, count, 1, 1);
}

/** Sum, Mean, Max and Min of several values as a chain of binary steps. */
export function lowerVariadic(b: Builder, node: Node<OpOf<'Variadic'>>): void {
  const { fn } = node.op;
  const binary: BinaryFunction = fn === 'Sum' || fn === 'Mean' ? 'Add' : fn;
  let left = node.inputs[0];
  node.inputs.slice(1).forEach((right, i) => {
    const last = i === node.inputs.length - 2 && fn !== 'Mean';
    const name = last ? node.outputs[0] : `${node.outputs[0]}/partial${i}`;
    emitBinary(b, node, binary, left, right, name, undefined);
    left = name;
  });
  if (fn === 'Mean' || node.inputs.length === 1) {
    const x = b.slot(left);
    const count = elementCount(x.shape);
    const share = 1 / node.inputs.length;
    const y = b.define(node.outputs[0], x.shape, x.batchAxis);
    b.emit('fill', y.offset, count, 0);
    b.emit('axpy', x.offset, y.offset, count, bits(share));
    const source = left;
    b.differentiable({ ...node, inputs: [source] }, (dy) => {
      b.emit('axpy', dy, b.gradientSum(source), count, bits(share));
    });
  }
}
