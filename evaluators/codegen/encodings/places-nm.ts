/**
 * N:M: the same number of values in each group of M consecutive columns, with log2 M bits for the place of each within its group.
 * M is the one of 2, 4, 8, 16 with the fewest bits; groups with fewer values are filled up at their start.
 */
import { packBits, unpackBits } from './bit-fields.ts';
import type { CodedPlaces, Entries, PlaceCoding } from './weight-matrix.ts';

const GROUP_BITS = [1, 2, 3, 4];

/** The most values that any group of 2^bits columns has, at least 1. */
function groupValuesOf({ starts, columns }: Entries, rows: number, bits: number): number {
  let most = 1;
  for (let row = 0; row < rows; row++) {
    let group = -1;
    let count = 0;
    for (let i = starts[row]; i < starts[row + 1]; i++) {
      const own = columns[i] >> bits;
      count = own === group ? count + 1 : 1;
      group = own;
      most = Math.max(most, count);
    }
  }
  return most;
}

interface Pattern {
  readonly placeBits: number;
  readonly groupValues: number;
}

function bestPattern(entries: Entries, rows: number, columns: number): Pattern | null {
  let best: (Pattern & { readonly bits: number }) | null = null;
  for (const placeBits of GROUP_BITS) {
    const groupValues = groupValuesOf(entries, rows, placeBits);
    // A value weighs at least as much as an index: eight bits, for the comparison of patterns.
    const bits = Math.ceil(columns / 2 ** placeBits) * groupValues * (placeBits + 8);
    if (groupValues < 2 ** placeBits && (best === null || bits < best.bits)) best = { placeBits, groupValues, bits };
  }
  return best;
}

function fillGroups(nonZero: Entries, rows: number, columns: number, { placeBits, groupValues }: Pattern): CodedPlaces {
  const groups = Math.ceil(columns / 2 ** placeBits);
  const total = rows * groups * groupValues;
  const places = new Uint16Array(total);
  const fillers = new Uint8Array(total);
  const fields = new Uint8Array(total);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    let i = nonZero.starts[row];
    for (let group = 0; group < groups; group++) {
      const base = group << placeBits;
      let count = 0;
      while (i + count < nonZero.starts[row + 1] && nonZero.columns[i + count] >> placeBits === group) count++;
      for (let k = count; k < groupValues; k++, at++) {
        places[at] = base;
        fillers[at] = 1;
      }
      for (let k = 0; k < count; k++, i++, at++) {
        places[at] = nonZero.columns[i];
        fields[at] = places[at] - base;
      }
    }
  }
  const starts = Uint32Array.from({ length: rows + 1 }, (_, row) => row * groups * groupValues);
  const stream = packBits(fields, placeBits);
  return { coding: 'nm', stream, counts: null, placeBits, groupValues, entries: { starts, columns: places }, fillers };
}

export const placesNm: PlaceCoding = {
  name: 'nm',
  encode(nonZero, { rows, columns }) {
    const pattern = bestPattern(nonZero, rows, columns);
    return pattern === null ? null : fillGroups(nonZero, rows, columns, pattern);
  },
  decode({ stream, placeBits, groupValues }, { rows, columns }) {
    const perRow = Math.ceil(columns / 2 ** placeBits) * groupValues;
    const fields = unpackBits(stream ?? new Uint8Array(0), placeBits, rows * perRow);
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length: perRow }, (_, i) => (Math.floor(i / groupValues) << placeBits) + fields[row * perRow + i]),
    );
  },
};
