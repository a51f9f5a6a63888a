/** Merging of the axes over which two operands broadcast: fewer axes make shorter loops and smaller parameters. */
import { LoweringError } from './codegen-error.ts';

export interface BroadcastAxis {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/** Axes in the memory order of the result (`yStrides`), those of size 1 dropped, neighbours joined where both operands allow it. */
export function mergeBroadcast(
  shape: readonly number[],
  yStrides: readonly number[],
  a: readonly number[],
  b: readonly number[],
): readonly BroadcastAxis[] {
  const order = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  order.sort((p, q) => yStrides[q] - yStrides[p]);
  const merged: BroadcastAxis[] = [];
  for (const axis of order) {
    const next = { size: shape[axis], a: a[axis], b: b[axis] };
    const outer = merged.at(-1);
    if (outer?.a === next.a * next.size && outer.b === next.b * next.size) {
      merged[merged.length - 1] = { ...next, size: outer.size * next.size };
    } else merged.push(next);
  }
  if (merged.length === 0) return [{ size: 1, a: 0, b: 0 }];
  if (merged.length > 6)
    throw new LoweringError(`operands that broadcast over ${merged.length} axes; at most 6 are possible`);
  return merged;
}
