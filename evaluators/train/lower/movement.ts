/** Operators that move data or reduce it: Reshape, Transpose, Concat, Split, Slice, Pad, Expand, Reduce, Softmax. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf, ReduceFunction } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { bits } from '../kernels.ts';
import { type Builder, type Slot, UnsupportedTrainingError } from './builder.ts';
import { type CopyAxis, emitCopy } from './copy.ts';
import { broadcastStrides, emitAdd } from './elementwise.ts';

/** The axis of `shape` that keeps counting samples: it has as many elements before it as the batch axis of the input; null without one. */
function carriedAxis(x: Slot, original: readonly number[], shape: readonly number[]): number | null {
  if (x.batchAxis < 0) return -1;
  const before = elementCount(original.slice(0, x.batchAxis));
  const size = original[x.batchAxis];
  let product = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    if (product === before && shape[axis] === size) return axis;
    product *= shape[axis];
  }
  return null;
}

export function lowerReshape(b: Builder, node: Node<OpOf<'Reshape'>>): void {
  const x = b.slot(node.inputs[0]);
  const original = b.graph.values.get(node.inputs[0])?.shape ?? x.shape;
  const target = b.graph.values.get(node.outputs[0])?.shape ?? node.op.shape;
  const axis = carriedAxis(x, original, target);
  if (axis === null) {
    lowerMovedBatch(b, node, x, original, target);
    return;
  }
  const shape = target.map((size, i) => (i === axis ? x.shape[x.batchAxis] : size));
  // The same bytes under another shape: nothing is copied forward.
  b.alias(node.outputs[0], shape, axis, x.offset);
  b.differentiable(node, (dy) => emitAdd(b, dy, node.inputs[0], elementCount(shape)));
}

/**
 * A reshape that, for one sample, moves the batch axis among axes of size 1 (a transposition that a simplifier wrote as a reshape): to the
 * front, or from the front behind other axes.
 */
function lowerMovedBatch(
  b: Builder,
  node: Node<OpOf<'Reshape'>>,
  x: Slot,
  original: readonly number[],
  target: readonly number[],
): void {
  const toFront = target[0] === 1;
  const axis = toFront ? 0 : target.indexOf(1);
  if (original[x.batchAxis] !== 1 || axis < 0 || !(toFront || x.batchAxis === 0)) {
    const text = `Reshape from [${original.join(', ')}] to [${target.join(', ')}] mixes samples and cannot be trained in batches`;
    throw new UnsupportedTrainingError(text, node.name);
  }
  const [inner, at] = toFront ? [original, x.batchAxis] : [target, axis];
  const [outer, rest] = [elementCount(inner.slice(0, at)), elementCount(inner.slice(at))];
  const shape = target.map((size, i) => (i === axis ? b.batch : size));
  const y = b.define(node.outputs[0], shape, axis);
  // One side is [samples][outer][rest], the other [outer][samples][rest].
  const front = { samples: outer * rest, outer: rest };
  const behind = { samples: rest, outer: b.batch * rest };
  const [from, to] = toFront ? [behind, front] : [front, behind];
  const axes = [
    { size: b.batch, from: from.samples, to: to.samples },
    { size: outer, from: from.outer, to: to.outer },
    { size: rest, from: 1, to: 1 },
  ];
  emitView(b, node, x, y, node.outputs[0], axes, 0, 0);
}

/** Forward y = view of x, backward dx += the same view of dy. */
export function emitView(
  b: Builder,
  node: Node,
  x: Slot,
  y: Slot,
  output: string,
  axes: readonly CopyAxis[],
  fromShift: number,
  toShift: number,
): void {
  emitCopy(b, x.offset + 4 * fromShift, y.offset + 4 * toShift, axes, false);
  b.differentiable({ ...node, outputs: [output] }, (dy) => {
    const dx = b.gradientSum(node.inputs[0]);
    const back = axes.map((axis) => ({ size: axis.size, from: axis.to, to: axis.from }));
    emitCopy(b, dy + 4 * toShift, dx + 4 * fromShift, back, true);
  });
}

export function lowerTranspose(b: Builder, node: Node<OpOf<'Transpose'>>): void {
  const x = b.slot(node.inputs[0]);
  const strides = stridesOf(x.shape);
  const { perm } = node.op;
  const shape = perm.map((axis) => x.shape[axis]);
  const y = b.define(node.outputs[0], shape, perm.indexOf(x.batchAxis));
  const to = stridesOf(shape);
  const axes = perm.map((axis, i) => ({ size: shape[i], from: strides[axis], to: to[i] }));
  emitView(b, node, x, y, node.outputs[0], axes, 0, 0);
}

export function lowerExpand(b: Builder, node: Node<OpOf<'Expand'>>): void {
  const x = b.slot(node.inputs[0]);
  const target = b.graph.values.get(node.outputs[0])?.shape ?? node.op.shape;
  const axis = x.batchAxis < 0 ? -1 : x.batchAxis + target.length - x.shape.length;
  const shape = target.map((size, i) => (i === axis ? b.batch : size));
  const y = b.define(node.outputs[0], shape, axis);
  const from = broadcastStrides(x.shape, shape);
  const to = stridesOf(shape);
  const axes = shape.map((size, i) => ({ size, from: from[i], to: to[i] }));
  emitView(b, node, x, y, node.outputs[0], axes, 0, 0);
}

export function denyBatch(node: Node, x: Slot, axis: number): void {
  if (x.batchAxis === axis) {
    throw new UnsupportedTrainingError(`${node.op.kind} along the batch axis cannot be trained`, node.name);
  }
}

export function lowerConcat(b: Builder, node: Node<OpOf<'Concat'>>): void {
  const parts = node.inputs.map((name) => b.slot(name));
  const axis = node.op.axis < 0 ? node.op.axis + parts[0].shape.length : node.op.axis;
  const batchAxis = Math.max(...parts.map((part) => part.batchAxis));
  for (const part of parts) denyBatch(node, part, axis);
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const y = b.define(
    node.outputs[0],
    parts[0].shape.map((size, i) => (i === axis ? total : size)),
    batchAxis,
  );
  const inner = elementCount(y.shape.slice(axis + 1));
  const outer = elementCount(y.shape.slice(0, axis));
  let shift = 0;
  const pieces = parts.map((part, i) => {
    const row = part.shape[axis] * inner;
    const piece = { name: node.inputs[i], part, row, shift };
    shift += row;
    return piece;
  });
  for (const { part, row, shift: at } of pieces) {
    const axes = [
      { size: outer, from: row, to: total * inner },
      { size: row, from: 1, to: 1 },
    ];
    emitCopy(b, part.offset, y.offset + 4 * at, axes, false);
  }
  b.differentiable(node, (dy) => {
    for (const { name, row, shift: at } of pieces) {
      if (!b.wants(name)) continue;
      const dx = b.gradient(name);
      const axes = [
        { size: outer, from: total * inner, to: row },
        { size: row, from: 1, to: 1 },
      ];
      emitCopy(b, dy + 4 * at, dx.offset, axes, dx.accumulate === 1);
    }
  });
}

export function lowerSplit(b: Builder, node: Node<OpOf<'Split'>>): void {
  const x = b.slot(node.inputs[0]);
  const axis = node.op.axis < 0 ? node.op.axis + x.shape.length : node.op.axis;
  denyBatch(node, x, axis);
  const inner = elementCount(x.shape.slice(axis + 1));
  const outer = elementCount(x.shape.slice(0, axis));
  let shift = 0;
  node.outputs.forEach((name, i) => {
    const size = node.op.sizes[i];
    const at = shift;
    shift += size * inner;
    if (name === '') return;
    const y = b.define(
      name,
      x.shape.map((full, d) => (d === axis ? size : full)),
      x.batchAxis,
    );
    const axes = [
      { size: outer, from: x.shape[axis] * inner, to: size * inner },
      { size: size * inner, from: 1, to: 1 },
    ];
    emitView(b, node, x, y, name, axes, at, 0);
  });
}

export function lowerSlice(b: Builder, node: Node<OpOf<'Slice'>>): void {
  const x = b.slot(node.inputs[0]);
  const original = b.graph.values.get(node.inputs[0])?.shape ?? x.shape;
  const { starts, steps, sizes } = node.op;
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((size, axis) => {
    if (axis !== x.batchAxis) return sizes[axis];
    if (starts[axis] !== 0 || steps[axis] !== 1 || sizes[axis] !== original[axis]) denyBatch(node, x, axis);
    return size;
  });
  const y = b.define(node.outputs[0], shape, x.batchAxis);
  const to = stridesOf(shape);
  const axes = shape.map((size, i) => ({ size, from: strides[i] * steps[i], to: to[i] }));
  const from = starts.reduce((sum, start, i) => sum + start * strides[i], 0);
  emitView(b, node, x, y, node.outputs[0], axes, from, 0);
}

export function lowerPad(b: Builder, node: Node<OpOf<'Pad'>>): void {
  const x = b.slot(node.inputs[0]);
  const { pads, mode } = node.op;
  const rank = x.shape.length;
  if (x.batchAxis >= 0 && (pads[x.batchAxis] !== 0 || pads[rank + x.batchAxis] !== 0)) denyBatch(node, x, x.batchAxis);
  const shape = x.shape.map((size, i) => size + pads[i] + pads[rank + i]);
  const y = b.define(node.outputs[0], shape, x.batchAxis);
  const count = elementCount(shape);
  const strides = stridesOf(x.shape);
  const to = stridesOf(shape);
  if (mode === 'constant') {
    const fill = Number(b.graph.initializers.get(node.inputs[1] ?? '')?.data[0] ?? 0);
    b.emit('fill', y.offset, count, bits(fill));
    let fromShift = 0;
    let toShift = 0;
    const axes = x.shape.map((size, i) => {
      const crop = Math.max(0, -pads[i]);
      fromShift += crop * strides[i];
      toShift += Math.max(0, pads[i]) * to[i];
      return { size: size - crop - Math.max(0, -pads[rank + i]), from: strides[i], to: to[i] };
    });
    emitView(b, node, x, y, node.outputs[0], axes, fromShift, toShift);
    return;
  }
  const table = b.table(`pad ${mode} ${x.shape.join()} ${pads.join()}`, () =>
    Int32Array.from({ length: count }, (_, i) => {
      let at = 0;
      for (let axis = 0; axis < rank; axis++) {
        at += reflected(mode, (Math.floor(i / to[axis]) % shape[axis]) - pads[axis], x.shape[axis]) * strides[axis];
      }
      return at;
    }),
  );
  b.emit('gather', x.offset, y.offset, table, count);
  b.differentiable(node, (dy) => b.emit('scatter', dy, b.gradientSum(node.inputs[0]), table, count));
}

function reflected(mode: 'reflect' | 'edge' | 'wrap', at: number, size: number): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), size - 1);
  if (mode === 'wrap') return ((at % size) + size) % size;
  const period = Math.max(1, 2 * (size - 1));
  const folded = ((at % period) + period) % period;
  return folded < size ? folded : period - folded;
}

const REDUCE_NUMBERS: ReadonlyMap<ReduceFunction, number> = new Map(
  (['Sum', 'Mean', 'Max', 'Min', 'L1', 'L2', 'SumSquare', 'LogSumExp'] as const).map((name, i) => [name, i]),
);

/** Reduces over neighbouring axes as [outer, n, inner]; other axis sets are moved together first. */
export function lowerReduce(b: Builder, node: Node<OpOf<'Reduce'>>): void {
  const x = b.slot(node.inputs[0]);
  const { fn, axes, keepDims } = node.op;
  const number = REDUCE_NUMBERS.get(fn);
  if (number === undefined)
    throw new UnsupportedTrainingError(`Reduce${fn} has no derivative to train with`, node.name);
  if (axes.length === 0) {
    b.alias(node.outputs[0], x.shape, x.batchAxis, x.offset);
    b.differentiable(node, (dy) => emitAdd(b, dy, node.inputs[0], elementCount(x.shape)));
    return;
  }
  for (const axis of axes) denyBatch(node, x, axis);
  const shape = x.shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size]));
  const gone = keepDims ? 0 : axes.filter((axis) => axis < x.batchAxis).length;
  const y = b.define(node.outputs[0], shape, x.batchAxis < 0 ? -1 : x.batchAxis - gone);
  const first = axes[0];
  const last = axes[axes.length - 1];
  const n = axes.reduce((product, axis) => product * x.shape[axis], 1);
  if (last - first + 1 === axes.length) {
    const size = [elementCount(x.shape.slice(0, first)), n, elementCount(x.shape.slice(last + 1))];
    b.emit('reduce', number, x.offset, y.offset, ...size);
    b.differentiable(node, (dy) => {
      b.emit('reduce_backward', number, x.offset, y.offset, dy, b.gradientSum(node.inputs[0]), ...size);
    });
    return;
  }
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...kept, ...axes];
  const strides = stridesOf(x.shape);
  const moved = stridesOf(order.map((axis) => x.shape[axis]));
  const gather = order.map((axis, i) => ({ size: x.shape[axis], from: strides[axis], to: moved[i] }));
  const count = elementCount(x.shape);
  const buffer = b.arena.allocate(count);
  emitCopy(b, x.offset, buffer, gather, false);
  b.emit('reduce', number, buffer, y.offset, count / n, n, 1);
  b.differentiable(node, (dy) => {
    const scratch = b.arena.allocate(count);
    b.emit('fill', scratch, count, 0);
    b.emit('reduce_backward', number, buffer, y.offset, dy, scratch, count / n, n, 1);
    const back = gather.map((axis) => ({ size: axis.size, from: axis.to, to: axis.from }));
    emitCopy(b, scratch, b.gradientSum(node.inputs[0]), back, true);
    b.arena.release(scratch);
  });
}

export function lowerSoftmax(b: Builder, node: Node<OpOf<'Softmax'>>): void {
  const x = b.slot(node.inputs[0]);
  const axis = node.op.axis < 0 ? node.op.axis + x.shape.length : node.op.axis;
  denyBatch(node, x, axis);
  const outer = elementCount(x.shape.slice(0, axis));
  const n = node.op.flatten ? elementCount(x.shape.slice(axis)) : x.shape[axis];
  const size = [outer, n, elementCount(x.shape) / (outer * n), node.op.log ? 1 : 0];
  const y = b.define(node.outputs[0], x.shape, x.batchAxis);
  b.emit('softmax', x.offset, y.offset, ...size);
  b.differentiable(node, (dy) => b.emit('softmax_backward', y.offset, dy, b.gradientSum(node.inputs[0]), ...size));
}
