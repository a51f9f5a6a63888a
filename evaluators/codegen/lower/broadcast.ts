/** Operands that broadcast against each other: common layouts, strides, and the shortest loop nest over them. */
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import { axisStrides, type Layout, plainLayout, sameLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { padToRank } from './copy.ts';

export interface Broadcast {
  /** The operands in layouts in which strides reach every element. */
  readonly values: readonly LoweredValue[];
  readonly layout: Layout;
  readonly axes: readonly BroadcastAxis[];
}

export interface BroadcastAxis {
  readonly size: number;
  /** Of each operand; 0 where it is repeated. */
  readonly strides: readonly number[];
}

/** Prepares operands for a result of `shape`, which takes the layout of the first computed operand of that size. */
export function broadcast(lowering: Lowering, operands: readonly LoweredValue[], shape: readonly number[]): Broadcast {
  const count = elementCount(shape);
  const full = operands.filter((value) => elementCount(value.shape) === count);
  const leader = full.find((value) => value.buffer !== undefined) ?? full[0];
  const wanted = leader?.layout ?? plainLayout(shape);
  if (full.length === operands.length) {
    const values = operands.map((value) => lowering.inLayout(value, wanted));
    return { values, layout: wanted, axes: [{ size: count, strides: values.map(() => 1) }] };
  }
  const layout = axisStrides(wanted, shape) === undefined ? plainLayout(shape) : wanted;
  const values = operands.map((value) => {
    if (elementCount(value.shape) === count) return lowering.inLayout(value, layout);
    return axisStrides(value.layout, value.shape) === undefined ? lowering.plain(value) : value;
  });
  return { values, layout, axes: mergedAxes(shape, layout, values) };
}

/** Stride of `value` along each axis of the result: 0 where it is repeated. */
export function broadcastStrides(value: LoweredValue, shape: readonly number[]): number[] {
  const missing = shape.length - value.shape.length;
  const padded = [...new Array<number>(Math.max(0, missing)).fill(1), ...value.shape.slice(Math.max(0, -missing))];
  const strides = axisStrides(value.layout, padded);
  if (strides === undefined) throw new LoweringError('an operand does not lie at one stride per axis');
  return padded.map((size, axis) => (size === 1 ? 0 : strides[axis]));
}

/** Axes in the memory order of the result, those of size 1 dropped, neighbours joined where all operands allow it. */
function mergedAxes(
  shape: readonly number[],
  layout: Layout,
  values: readonly LoweredValue[],
): readonly BroadcastAxis[] {
  const yStrides = axisStrides(layout, shape) ?? [];
  const strides = values.map((value) => broadcastStrides(value, shape));
  const order = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  order.sort((p, q) => yStrides[q] - yStrides[p]);
  const merged: BroadcastAxis[] = [];
  for (const axis of order) {
    const next = { size: shape[axis], strides: strides.map((list) => list[axis]) };
    const outer = merged.at(-1);
    if (outer?.strides.every((stride, i) => stride === next.strides[i] * next.size)) {
      merged[merged.length - 1] = { ...next, size: outer.size * next.size };
    } else merged.push(next);
  }
  if (merged.length === 0) return [{ size: 1, strides: values.map(() => 0) }];
  if (merged.length > 6)
    throw new LoweringError(`operands broadcast over ${merged.length} axes; at most 6 are possible`);
  return merged;
}

/** The members of dnnrt_broadcast_t for the operands at `a` and `b`. */
export function broadcastFields(axes: readonly BroadcastAxis[], a = 0, b = 1): Record<string, FieldValue> {
  return {
    rank: axes.length,
    shape: padToRank(
      axes.map(({ size }) => size),
      1,
    ),
    a_stride: padToRank(
      axes.map(({ strides }) => strides[a]),
      0,
    ),
    b_stride: padToRank(
      axes.map(({ strides }) => strides[b]),
      0,
    ),
  };
}

/** Buffers of operands into which a result of `shape` in `layout` may be written. */
export function overwritable(values: readonly LoweredValue[], shape: readonly number[], layout: Layout): string[] {
  const count = elementCount(shape);
  return values
    .filter((value) => elementCount(value.shape) === count && sameLayout(value.layout, layout))
    .flatMap((value) => value.buffer ?? []);
}
