/** Operators that rearrange or repeat elements by position: Gather, DepthToSpace, SpaceToDepth, Tile, Resize. */

import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { axisWeights } from '../../ops/resize/axis-weights.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { denyBatch, emitView } from './movement.ts';

/** Gather with constant indices; an embedding looked up by the graph's input is not trainable here. */
export function lowerGather(b: Builder, node: Node<OpOf<'Gather'>>): void {
  const x = b.slot(node.inputs[0]);
  const indices = b.graph.initializers.get(node.inputs[1]);
  if (indices === undefined) {
    throw new UnsupportedTrainingError('Gather by computed indices cannot be trained', node.name);
  }
  const axis = node.op.axis < 0 ? node.op.axis + x.shape.length : node.op.axis;
  denyBatch(node, x, axis);
  const size = x.shape[axis];
  const inner = elementCount(x.shape.slice(axis + 1));
  const outer = elementCount(x.shape.slice(0, axis));
  const picks = Array.from(indices.data as ArrayLike<number | bigint>, (v) => (Number(v) + size) % size);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const batchAxis = x.batchAxis > axis ? x.batchAxis + indices.shape.length - 1 : x.batchAxis;
  const y = b.define(node.outputs[0], shape, batchAxis);
  const count = elementCount(shape);
  const table = b.table(`gather ${node.name}`, () => {
    const entries = new Int32Array(count);
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const pick of picks) for (let i = 0; i < inner; i++) entries[at++] = (o * size + pick) * inner + i;
    }
    return entries;
  });
  b.emit('gather', x.offset, y.offset, table, count);
  b.differentiable(node, (dy) => b.emit('scatter', dy, b.gradientSum(node.inputs[0]), table, count));
}

/** A copy from strided positions to a dense output; sizes and source strides outermost first. */
function emitPick(
  b: Builder,
  node: Node,
  shape: readonly number[],
  sizes: readonly number[],
  from: readonly number[],
): void {
  const x = b.slot(node.inputs[0]);
  const y = b.define(node.outputs[0], shape, x.batchAxis);
  const to = stridesOf(sizes);
  const axes = sizes.map((size, i) => ({ size, from: from[i], to: to[i] }));
  emitView(b, node, x, y, node.outputs[0], axes, 0, 0);
}

export function lowerDepthToSpace(b: Builder, node: Node<OpOf<'DepthToSpace'>>): void {
  const { blockSize: block, mode } = node.op;
  const [n, c, h, w] = b.slot(node.inputs[0]).shape;
  const depth = c / (block * block);
  const plane = h * w;
  const [channel, row, column] =
    mode === 'DCR' ? [plane, block * depth * plane, depth * plane] : [block * block * plane, block * plane, plane];
  const sizes = [n, depth, h, block, w, block];
  emitPick(b, node, [n, depth, h * block, w * block], sizes, [c * plane, channel, w, row, 1, column]);
}

export function lowerSpaceToDepth(b: Builder, node: Node<OpOf<'SpaceToDepth'>>): void {
  const block = node.op.blockSize;
  const [n, c, h, w] = b.slot(node.inputs[0]).shape;
  const shape = [n, c * block * block, h / block, w / block];
  const sizes = [n, block, block, c, shape[2], shape[3]];
  emitPick(b, node, shape, sizes, [c * h * w, w, 1, h * w, block * w, block]);
}

export function lowerTile(b: Builder, node: Node<OpOf<'Tile'>>): void {
  const x = b.slot(node.inputs[0]);
  const { repeats } = node.op;
  if (x.batchAxis >= 0 && repeats[x.batchAxis] !== 1) denyBatch(node, x, x.batchAxis);
  const strides = stridesOf(x.shape);
  const sizes = x.shape.flatMap((size, i) => [repeats[i], size]);
  const from = strides.flatMap((stride) => [0, stride]);
  if (sizes.filter((size) => size > 1).length > 8) {
    throw new UnsupportedTrainingError('Tile over more than 8 axes cannot be trained', node.name);
  }
  emitPick(
    b,
    node,
    x.shape.map((size, i) => size * repeats[i]),
    sizes,
    from,
  );
}

/** Resize of the spatial axes: a sparse matrix from input plane to output plane, the product of the axes' filters. */
export function lowerResize(b: Builder, node: Node<OpOf<'Resize'>>): void {
  const { op } = node;
  const x = b.slot(node.inputs[0]);
  if (op.shape.slice(0, 2).some((size, i) => size !== b.graph.values.get(node.inputs[0])?.shape[i])) {
    throw new UnsupportedTrainingError('Resize of samples or channels cannot be trained', node.name);
  }
  const spatial = x.shape.slice(2);
  const taps = spatial.map((inputSize, i) =>
    axisWeights(op, { inputSize, outputSize: op.shape[i + 2], scale: op.scales[i + 2], roiStart: 0, roiEnd: 1 }),
  );
  if (op.coordinates === 'tf_crop_and_resize' || taps.some((axis) => axis.includes(null))) {
    throw new UnsupportedTrainingError('Resize with a region of interest cannot be trained', node.name);
  }
  const out = op.shape.slice(2);
  const strides = stridesOf(spatial);
  let entries: { at: number; weight: number }[][] = [[{ at: 0, weight: 1 }]];
  taps.forEach((axis, i) => {
    entries = entries.flatMap((row) =>
      axis.map((tap) =>
        row.flatMap(({ at, weight }) =>
          (tap?.indices ?? []).map((index, j) => ({
            at: at + index * strides[i],
            weight: weight * (tap?.weights[j] ?? 0),
          })),
        ),
      ),
    );
  });
  const flat = entries.flat();
  const rows = new Int32Array(entries.length + 1);
  entries.forEach((row, i) => {
    rows[i + 1] = rows[i] + row.length;
  });
  const rowTable = b.table(`resize rows ${node.name}`, () => rows);
  const columns = b.table(`resize columns ${node.name}`, () => Int32Array.from(flat, ({ at }) => at));
  const weights = b.arena.reserve(flat.length);
  b.writes.push({ offset: weights, data: Float32Array.from(flat, ({ weight }) => weight) });
  const y = b.define(node.outputs[0], [x.shape[0], x.shape[1], ...out], x.batchAxis);
  const size = [entries.length, x.shape[0] * x.shape[1], elementCount(spatial), elementCount(out)];
  b.emit('sparse', x.offset, y.offset, rowTable, columns, weights, ...size);
  b.differentiable(node, (dy) => {
    b.emit('sparse_backward', dy, b.gradientSum(node.inputs[0]), rowTable, columns, weights, ...size);
  });
}
