/** Compressed row storage with 4-bit distances between columns, two to a byte, the lower half first; rows start at whole bytes. */
import { columnsOfGaps, gapFields } from './places-by-gaps.ts';
import type { PlaceCoding } from './weight-matrix.ts';

const ESCAPE = 15;

/** Bytes of all rows. */
function rowBytes(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + Math.ceil(count / 2), 0);
}

/** For each field the half byte that holds it. */
function nibbles(counts: Uint32Array): Uint32Array {
  const places = new Uint32Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  let nibble = 0;
  for (const count of counts) {
    for (let i = 0; i < count; i++) places[at++] = nibble++;
    nibble += nibble & 1;
  }
  return places;
}

export const placesDelta4: PlaceCoding = {
  name: 'delta4',
  encode(entries, { rows }) {
    const { fields, counts } = gapFields(entries, rows, ESCAPE);
    const stream = new Uint8Array(rowBytes(counts));
    nibbles(counts).forEach((nibble, i) => {
      stream[nibble >> 1] |= fields[i] << (4 * (nibble & 1));
    });
    return { coding: 'delta4', stream, counts, placeBits: 0, groupValues: 0, entries, fillers: null };
  },
  decode({ stream, counts }) {
    const perRow = counts ?? new Uint32Array(0);
    const fields = Uint8Array.from(
      nibbles(perRow),
      (nibble) => ((stream?.[nibble >> 1] ?? 0) >> (4 * (nibble & 1))) & 15,
    );
    return columnsOfGaps(fields, perRow, ESCAPE);
  },
};
