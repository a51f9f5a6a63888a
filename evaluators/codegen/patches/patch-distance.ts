/**
 * How far ahead of an operand a result must start that is made piece by piece: with the result `distance` bytes below the operand, byte w
 * of the result lies on byte w - distance of the operand, so nothing that is still read may lie there,
 *
 *   distance = max over calls t of  (end of what t writes) - (first byte that a later call reads),
 *
 * and within one call what its kernel allows (overlap-rules.ts), shifted by where its pointers are.
 */
import type { OverlapRule } from '../kernels/overlap-rules.ts';

/** One call, as operand and result of a pair see it. */
export interface PieceAccess {
  /** First byte of the operand that is read; undefined when this call does not read it. */
  readonly readFrom: number | undefined;
  /** Bytes of the result that are written; undefined when it writes something else. */
  readonly written: { readonly from: number; readonly to: number } | undefined;
  /** What the kernel allows between what it reads and what it writes. */
  readonly rule: OverlapRule | undefined;
}

export function pieceDistance(calls: readonly PieceAccess[]): OverlapRule {
  let distanceBytes = 0;
  let multipleBytes = 1;
  let firstRead = Number.POSITIVE_INFINITY;
  for (const { readFrom, written, rule } of calls.toReversed()) {
    if (written !== undefined) {
      if (firstRead !== Number.POSITIVE_INFINITY) distanceBytes = Math.max(distanceBytes, written.to - firstRead);
      if (readFrom !== undefined) {
        const shift = written.from - readFrom;
        const fits = rule !== undefined && shift % rule.multipleBytes === 0;
        distanceBytes = Math.max(distanceBytes, fits ? rule.distanceBytes + shift : written.to - readFrom);
        if (fits) multipleBytes = leastCommonMultiple(multipleBytes, rule.multipleBytes);
      }
    }
    firstRead = Math.min(firstRead, readFrom ?? Number.POSITIVE_INFINITY);
  }
  return { distanceBytes: Math.ceil(distanceBytes / multipleBytes) * multipleBytes, multipleBytes };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
