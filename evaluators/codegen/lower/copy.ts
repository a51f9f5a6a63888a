/** Strided copies between two layouts: the axes of the loop nest, merged as far as they lie together, and its parameters. */
import { LoweringError } from '../codegen-error.ts';
import { elementBytes } from '../element-type.ts';
import { axisStrides, type Layout, plainLayout } from '../layout.ts';
import type { ElementType, FieldValue } from '../program.ts';

const MAX_RANK = 6;

export interface CopyAxis {
  readonly size: number;
  readonly xStride: number;
  readonly yStride: number;
}

/** The copies that turn layout `from` into `to`: one, or two through the plain layout. */
export function planCopies(from: Layout, to: Layout): readonly { layout: Layout; axes: readonly CopyAxis[] }[] {
  const direct = copyAxes(from, to);
  if (direct !== undefined) return [{ layout: to, axes: direct }];
  const plain = plainLayout(from.factors);
  const [first, second] = [copyAxes(from, plain), copyAxes(plain, to)];
  if (first === undefined || second === undefined)
    throw new LoweringError('no copy leads from one layout to the other');
  return [
    { layout: plain, axes: first },
    { layout: to, axes: second },
  ];
}

function copyAxes(from: Layout, to: Layout): readonly CopyAxis[] | undefined {
  for (const sizes of [to.factors, from.factors]) {
    const x = axisStrides(from, sizes);
    const y = axisStrides(to, sizes);
    if (x === undefined || y === undefined) continue;
    return mergeAxes(sizes.map((size, axis) => ({ size, xStride: x[axis], yStride: y[axis] })));
  }
  return undefined;
}

/** Drops axes of size 1, orders the rest by the result's strides and joins neighbours that lie together on both sides. */
export function mergeAxes(axes: readonly CopyAxis[]): readonly CopyAxis[] {
  const merged = joinedAxes(axes);
  if (merged.length > MAX_RANK)
    throw new LoweringError(`a copy over ${merged.length} axes; at most ${MAX_RANK} are possible`);
  return merged;
}

/** True when one copy can go over these axes. */
export function isOneCopy(axes: readonly CopyAxis[]): boolean {
  return joinedAxes(axes).length <= MAX_RANK;
}

function joinedAxes(axes: readonly CopyAxis[]): readonly CopyAxis[] {
  const sorted = axes.filter(({ size }) => size !== 1).sort((a, b) => Math.abs(b.yStride) - Math.abs(a.yStride));
  const merged: CopyAxis[] = [];
  for (const axis of sorted) {
    const outer = merged.at(-1);
    if (outer?.xStride === axis.xStride * axis.size && outer.yStride === axis.yStride * axis.size) {
      merged[merged.length - 1] = { ...axis, size: outer.size * axis.size };
    } else merged.push(axis);
  }
  if (merged.length === 0) return [{ size: 1, xStride: 1, yStride: 1 }];
  return merged;
}

export function padToRank(values: readonly number[], fill: number): number[] {
  return [...values, ...new Array<number>(MAX_RANK - values.length).fill(fill)];
}

export function copyFields(axes: readonly CopyAxis[], xOffset = 0, yOffset = 0): Record<string, FieldValue> {
  return {
    rank: axes.length,
    shape: padToRank(
      axes.map(({ size }) => size),
      1,
    ),
    x_stride: padToRank(
      axes.map(({ xStride }) => xStride),
      0,
    ),
    y_stride: padToRank(
      axes.map(({ yStride }) => yStride),
      0,
    ),
    x_offset: xOffset,
    y_offset: yOffset,
  };
}

export function copyKernel(type: ElementType): string {
  return `dnnrt_copy_${8 * elementBytes(type)}`;
}
