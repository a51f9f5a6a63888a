/** Strided copies between two layouts: the axes of the loop nest, merged as far as they lie together, and its parameters. */
import { LoweringError } from '../codegen-error.ts';
import { elementBytes } from '../element-type.ts';
import type { StructName } from '../kernels/kernel-table.ts';
import { runsFields } from '../kernels/runs-fields.ts';
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

/** An innermost loop shorter than this is not worth being entered where another is longer. */
const SHORT = 8;

/** The axes with the longest innermost where the last is short; elements may be copied in any order. */
function longestInside(axes: readonly CopyAxis[]): readonly CopyAxis[] {
  const last = axes[axes.length - 1];
  const longest = axes.reduce((best, axis) => (axis.size > best.size ? axis : best), last);
  return last.size >= SHORT || longest === last ? axes : [...axes.filter((axis) => axis !== longest), longest];
}

export function copyFields(ordered: readonly CopyAxis[], xOffset = 0, yOffset = 0): Record<string, FieldValue> {
  const axes = longestInside(ordered);
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

interface CopyCall {
  readonly kernel: string;
  readonly params: { readonly struct: StructName; readonly fields: Readonly<Record<string, FieldValue>> };
}

/** The kernel for a copy of elements of `type` over merged axes, and its parameters. Offsets in elements. */
export function copyStep(type: ElementType, axes: readonly CopyAxis[], xOffset = 0, yOffset = 0): CopyCall {
  const inner = axes[axes.length - 1];
  const bytes = elementBytes(type);
  if (axes.length > 3 || inner.xStride !== 1 || inner.yStride !== 1) {
    return { kernel: copyKernel(type), params: { struct: 'dnnrt_copy_t', fields: copyFields(axes, xOffset, yOffset) } };
  }
  const still = { size: 1, xStride: 0, yStride: 0 };
  const [rows, columns] = [axes.at(-3) ?? still, axes.at(-2) ?? still];
  const fields = runsFields({
    rows: rows.size,
    columns: columns.size,
    run: inner.size * bytes,
    x: { row: rows.xStride * bytes, step: columns.xStride * bytes, offset: xOffset * bytes },
    y: { row: rows.yStride * bytes, step: columns.yStride * bytes, offset: yOffset * bytes },
  });
  return { kernel: 'dnnrt_copy_runs', params: { struct: 'dnnrt_runs_t', fields } };
}
