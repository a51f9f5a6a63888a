/** Compressed row storage with 4-bit distances between columns, two to a byte, the lower half first. */
import { packBits, unpackBits } from './bit-fields.ts';
import { columnsOfGaps, gapFields } from './places-by-gaps.ts';
import type { PlaceCoding } from './weight-matrix.ts';

const ESCAPE = 15;

export const placesDelta4: PlaceCoding = {
  name: 'delta4',
  encode(entries, { rows }) {
    const { fields, counts } = gapFields(entries, rows, ESCAPE);
    const stream = packBits(fields, 4);
    return { coding: 'delta4', stream, counts, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode({ stream, counts }) {
    const perRow = counts ?? new Uint32Array(0);
    const count = perRow.reduce((sum, n) => sum + n, 0);
    return columnsOfGaps(unpackBits(stream ?? new Uint8Array(0), 4, count), perRow, ESCAPE);
  },
};
