/**
 * Codings by the number of columns skipped since the last value of the row (Han et al., "Deep Compression", ICLR 2016, section 2).
 * The largest field value skips that many columns and brings no value, so rows of any length can be written.
 */
import type { Entries } from './weight-matrix.ts';

export interface GapFields {
  readonly fields: Uint8Array;
  /** Fields of each row. */
  readonly counts: Uint32Array;
}

export function gapFields({ starts, columns }: Entries, rows: number, skipAll: number): GapFields {
  const fields: number[] = [];
  const counts = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const before = fields.length;
    let next = 0;
    for (let i = starts[row]; i < starts[row + 1]; i++) {
      let gap = columns[i] - next;
      for (; gap >= skipAll; gap -= skipAll) fields.push(skipAll);
      fields.push(gap);
      next = columns[i] + 1;
    }
    counts[row] = fields.length - before;
  }
  return { fields: Uint8Array.from(fields), counts };
}

export function columnsOfGaps(fields: ArrayLike<number>, counts: Uint32Array, skipAll: number): number[][] {
  let at = 0;
  return Array.from(counts, (count) => {
    const columns: number[] = [];
    let column = 0;
    for (let i = 0; i < count; i++) {
      const field = fields[at++];
      column += field;
      if (field !== skipAll) columns.push(column++);
    }
    return columns;
  });
}
