/** Compressed row storage with 8-bit distances between columns. */
import { columnsOfGaps, gapFields } from './places-by-gaps.ts';
import type { PlaceCoding } from './weight-matrix.ts';

const ESCAPE = 255;

export const placesCrs8: PlaceCoding = {
  name: 'crs8',
  encode(entries, { rows }) {
    const { fields, counts } = gapFields(entries, rows, ESCAPE);
    return { coding: 'crs8', stream: fields, counts, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode({ stream, counts }) {
    return columnsOfGaps(stream ?? [], counts ?? new Uint32Array(0), ESCAPE);
  },
};
