/** Emits a strided copy with neighbouring axes merged where both sides allow it. */
import type { Builder } from './builder.ts';

export interface CopyAxis {
  readonly size: number;
  /** Elements. */
  readonly from: number;
  readonly to: number;
}

/** dst[...] = src[...] (or += with `accumulate`) over the axes, outermost first. */
export function emitCopy(b: Builder, src: number, dst: number, axes: readonly CopyAxis[], accumulate: boolean): void {
  if (axes.some((axis) => axis.size === 0)) return;
  const merged: CopyAxis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = merged.at(-1);
    if (last !== undefined && last.from === axis.from * axis.size && last.to === axis.to * axis.size) {
      merged[merged.length - 1] = { size: last.size * axis.size, from: axis.from, to: axis.to };
    } else {
      merged.push(axis);
    }
  }
  if (merged.length === 0) merged.push({ size: 1, from: 1, to: 1 });
  b.emit(
    'copy',
    src,
    dst,
    accumulate ? 1 : 0,
    merged.length,
    ...merged.flatMap((axis) => [axis.size, axis.from, axis.to]),
  );
}
