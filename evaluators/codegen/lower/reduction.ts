/** Brings the axes that an operator reduces together in memory: every such kernel works on [outer, n, inner]. */
import { elementCount } from '../../ir/tensor.ts';
import { axisStrides, type Layout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';

export interface Reduction {
  readonly x: LoweredValue;
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  /** Axes that stay, in the order in which they lie in memory. */
  readonly kept: readonly number[];
}

/** Brings the value into a layout in which the reduced axes lie together. */
export function reductionOf(lowering: Lowering, value: LoweredValue, axes: readonly number[]): Reduction {
  const strides = axisStrides(value.layout, value.shape);
  const all = value.shape.map((_, axis) => axis);
  const order = strides === undefined ? all : all.toSorted((a, b) => strides[b] - strides[a]);
  const used = order.filter((axis) => value.shape[axis] !== 1);
  const reduced = used.flatMap((axis, index) => (axes.includes(axis) ? [index] : []));
  const together = reduced.every((index, i) => i === 0 || reduced[i - 1] === index - 1);
  const kept = used.filter((axis) => !axes.includes(axis));
  const size = (list: readonly number[]) => elementCount(list.map((axis) => value.shape[axis]));
  if (strides !== undefined && together) {
    const [first = used.length, last = used.length - 1] = [reduced[0], reduced.at(-1)];
    return {
      x: value,
      outer: size(used.slice(0, first)),
      n: size(used.slice(first, last + 1)),
      inner: size(used.slice(last + 1)),
      kept,
    };
  }
  const keptAxes = all.filter((axis) => !axes.includes(axis));
  const layout: Layout = { factors: value.shape, order: [...keptAxes, ...axes] };
  return { x: lowering.inLayout(value, layout), outer: size(keptAxes), n: size(axes), inner: 1, kept: keptAxes };
}

/** Layout of the reduced value: the kept axes in their memory order. */
export function reducedLayout(shape: readonly number[], kept: readonly number[]): Layout {
  const logical = kept.toSorted((a, b) => a - b);
  return { factors: logical.map((axis) => shape[axis]), order: kept.map((axis) => logical.indexOf(axis)) };
}
