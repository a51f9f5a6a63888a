/** One bit for each column, set where a value is stored; rows start at whole bytes. */
import type { PlaceCoding } from './weight-matrix.ts';

export const placesBitmap: PlaceCoding = {
  name: 'bitmap',
  encode(entries, { rows, columns }) {
    const rowBytes = Math.ceil(columns / 8);
    const stream = new Uint8Array(rows * rowBytes);
    for (let row = 0; row < rows; row++) {
      for (let i = entries.starts[row]; i < entries.starts[row + 1]; i++) {
        const column = entries.columns[i];
        stream[row * rowBytes + (column >> 3)] |= 1 << (column & 7);
      }
    }
    return { coding: 'bitmap', stream, counts: null, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode({ stream }, { rows, columns }) {
    const rowBytes = Math.ceil(columns / 8);
    return Array.from({ length: rows }, (_, row) => {
      const found: number[] = [];
      for (let column = 0; column < columns; column++) {
        const byte = stream?.[row * rowBytes + (column >> 3)] ?? 0;
        if ((byte >> (column & 7)) & 1) found.push(column);
      }
      return found;
    });
  },
};
