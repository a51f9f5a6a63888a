/**
 * How a value lies in memory. Logically a tensor is row-major over its shape, as in ONNX; physically it is row-major over
 * `factors` (a factorisation of the logical index, outermost first) taken in `order`. Channels last, [N,H,W,C] for a logical
 * [N,C,H,W], is factors [N,C,H,W] in the order [0,2,3,1]. Reshape and Transpose change only this description: no data moves.
 */
import { elementCount } from '../ir/tensor.ts';

export interface Layout {
  readonly factors: readonly number[];
  readonly order: readonly number[];
}

export function plainLayout(shape: readonly number[]): Layout {
  return { factors: shape, order: shape.map((_, axis) => axis) };
}

/** Axis 1 moved to the end; a tensor of rank 2 or less is its own. */
export function channelsLast(shape: readonly number[]): Layout {
  if (shape.length < 3) return plainLayout(shape);
  return { factors: shape, order: [0, ...shape.slice(2).map((_, axis) => axis + 2), 1] };
}

/** The layout that remains when factors of 1 are dropped and factors that lie together are joined. */
function canonical(layout: Layout): Layout {
  const kept = layout.factors.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const rank = new Map(kept.map((axis, index) => [axis, index]));
  const order = layout.order.flatMap((axis) => rank.get(axis) ?? []);
  const groups: number[][] = [];
  for (const axis of order) {
    const last = groups.at(-1);
    if (last !== undefined && last.at(-1) === axis - 1) last.push(axis);
    else groups.push([axis]);
  }
  const logical = [...groups].sort((a, b) => a[0] - b[0]);
  return {
    factors: logical.map((group) => elementCount(group.map((axis) => layout.factors[kept[axis]]))),
    order: groups.map((group) => logical.indexOf(group)),
  };
}

export function isPlain(layout: Layout): boolean {
  return canonical(layout).order.length <= 1;
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

/** Physical stride of each factor, in elements. */
function factorStrides(layout: Layout): number[] {
  const strides = new Array<number>(layout.factors.length).fill(1);
  let stride = 1;
  for (const axis of [...layout.order].reverse()) {
    strides[axis] = stride;
    stride *= layout.factors[axis];
  }
  return strides;
}

/**
 * Stride of each axis of `shape` (any shape with the same number of elements), in elements; undefined when an axis does
 * not lie at one stride.
 */
export function axisStrides(layout: Layout, shape: readonly number[]): number[] | undefined {
  // Factors that lie together are one: [4, 6] in order is also [6, 4] in order.
  const joined = canonical(layout);
  const strides = factorStrides(joined);
  const pieces = joined.factors.flatMap((size, index) => (size === 1 ? [] : [{ size, stride: strides[index] }]));
  const result: number[] = [];
  let piece = pieces.shift();
  for (const size of shape) {
    if (size === 1) {
      result.push(0);
      continue;
    }
    let left = size;
    let stride: number | undefined;
    while (left > 1) {
      if (piece === undefined) return undefined;
      const taken: number = Math.min(left, piece.size);
      if (left % taken !== 0 || piece.size % taken !== 0) return undefined;
      const inner: number = piece.stride * (piece.size / taken);
      if (stride !== undefined && stride !== taken * inner) return undefined;
      stride = inner;
      left /= taken;
      piece = piece.size === taken ? pieces.shift() : { size: piece.size / taken, stride: piece.stride };
    }
    result.push(stride ?? 0);
  }
  return result;
}

/** The layout of the transposed value when `perm` can be applied to the description alone. */
export function transposedLayout(
  layout: Layout,
  shape: readonly number[],
  perm: readonly number[],
): Layout | undefined {
  const strides = axisStrides(layout, shape);
  if (strides === undefined) return undefined;
  const factors = perm.map((axis) => shape[axis]);
  const order = factors.map((_, axis) => axis);
  order.sort((a, b) => strides[perm[b]] - strides[perm[a]] || a - b);
  const result = { factors, order };
  const check = axisStrides(result, factors);
  return check?.every((stride, axis) => factors[axis] === 1 || stride === strides[perm[axis]]) ? result : undefined;
}

/** For each physical position the logical index of the element that lies there. */
export function logicalIndices(layout: Layout): Uint32Array {
  const count = elementCount(layout.factors);
  const indices = new Uint32Array(count);
  const logicalStrides = factorStrides(plainLayout(layout.factors));
  const sizes = layout.order.map((axis) => layout.factors[axis]);
  const steps = layout.order.map((axis) => logicalStrides[axis]);
  const counter = new Array<number>(sizes.length).fill(0);
  let logical = 0;
  for (let physical = 0; physical < count; physical++) {
    indices[physical] = logical;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      logical += steps[axis];
      counter[axis]++;
      if (counter[axis] < sizes[axis]) break;
      logical -= steps[axis] * sizes[axis];
      counter[axis] = 0;
    }
  }
  return indices;
}
