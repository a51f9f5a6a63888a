/** A value in every column: nothing is stored for the places. */
import type { PlaceCoding } from './weight-matrix.ts';

export const placesAll: PlaceCoding = {
  name: 'all',
  encode(_, { rows, columns }) {
    const entries = {
      starts: Uint32Array.from({ length: rows + 1 }, (_, row) => row * columns),
      columns: Uint16Array.from({ length: rows * columns }, (_, index) => index % columns),
    };
    return { coding: 'all', stream: null, counts: null, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode(_, { rows, columns }) {
    return Array.from({ length: rows }, () => Array.from({ length: columns }, (_, column) => column));
  },
};
