/** Compressed row storage as in arXiv 2205.10369, section 3.3: a 16-bit column for each value, a count for each row. */
import type { PlaceCoding } from './weight-matrix.ts';

export const placesCrs16: PlaceCoding = {
  name: 'crs16',
  encode(entries, { rows }) {
    const stream = new Uint8Array(2 * entries.columns.length);
    entries.columns.forEach((column, i) => {
      stream[2 * i] = column & 255;
      stream[2 * i + 1] = column >> 8;
    });
    const counts = Uint32Array.from({ length: rows }, (_, row) => entries.starts[row + 1] - entries.starts[row]);
    return { coding: 'crs16', stream, counts, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode({ stream, counts }) {
    let at = 0;
    return Array.from(counts ?? [], (count) =>
      Array.from({ length: count }, () => {
        const column = (stream?.[at] ?? 0) + 256 * (stream?.[at + 1] ?? 0);
        at += 2;
        return column;
      }),
    );
  },
};
