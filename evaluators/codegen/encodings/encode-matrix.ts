/** Every way to write a weight matrix: each coding of places with each coding of values, and its bytes. */
import { placesAll } from './places-all.ts';
import { placesBitmap } from './places-bitmap.ts';
import { placesCrs8 } from './places-crs8.ts';
import { placesCrs16 } from './places-crs16.ts';
import { placesDelta4 } from './places-delta4.ts';
import { placesNm } from './places-nm.ts';
import { valuesCodebookFloat32, valuesCodebookInt8 } from './values-codebook.ts';
import { valuesFloat16 } from './values-float16.ts';
import { valuesHuffman } from './values-huffman.ts';
import { valuesInt4 } from './values-int4.ts';
import { valuesFloat32, valuesInt8 } from './values-plain.ts';
import {
  type CodedPlaces,
  type CodedValues,
  nonZeroEntries,
  type PlaceCoding,
  type PlaceCodingName,
  type ValueCoding,
  type ValueCodingName,
  type WeightMatrix,
} from './weight-matrix.ts';

export const PLACE_CODINGS: readonly PlaceCoding[] = [
  placesAll,
  placesBitmap,
  placesCrs8,
  placesCrs16,
  placesDelta4,
  placesNm,
];
export const VALUE_CODINGS: readonly ValueCoding[] = [
  valuesInt8,
  valuesInt4,
  valuesCodebookInt8,
  valuesHuffman,
  valuesFloat32,
  valuesFloat16,
  valuesCodebookFloat32,
];

export interface EncodedMatrix {
  readonly places: CodedPlaces;
  readonly values: CodedValues;
  /** Bytes of one row count, 0 without counts. */
  readonly countBytes: number;
  /** Entries of the fullest row. */
  readonly most: number;
  /** Bytes of all streams, each rounded up to whole words as the linker does. */
  readonly bytes: number;
}

/** Columns, entries and counts are 16-bit numbers in the kernels. */
export const MOST_COLUMNS = 65535;

const PLAIN: ReadonlySet<ValueCodingName> = new Set(['s8', 'f32']);

function words(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function storedValues(matrix: WeightMatrix, { entries, fillers }: CodedPlaces): Int8Array | Float32Array {
  const { columns, values, zeroOf, rows } = matrix;
  const stored =
    values instanceof Int8Array ? new Int8Array(entries.columns.length) : new Float32Array(entries.columns.length);
  for (let row = 0; row < rows; row++) {
    for (let i = entries.starts[row]; i < entries.starts[row + 1]; i++) {
      stored[i] = fillers?.[i] === 1 ? zeroOf(row) : values[row * columns + entries.columns[i]];
    }
  }
  return stored;
}

function combine(places: CodedPlaces, values: CodedValues, rows: number): EncodedMatrix | null {
  const { starts } = places.entries;
  let most = 0;
  for (let row = 0; row < rows; row++) most = Math.max(most, starts[row + 1] - starts[row]);
  const fullest = places.counts?.reduce((a, b) => Math.max(a, b), 0) ?? 0;
  if (most > MOST_COLUMNS || fullest > MOST_COLUMNS) return null;
  const countBytes = places.counts === null ? 0 : fullest > 255 ? 2 : 1;
  const bytes =
    words(places.stream?.byteLength ?? 0) +
    words(rows * countBytes) +
    words(values.stream.data.byteLength) +
    words(values.table?.data.byteLength ?? 0);
  return { places, values, countBytes, most, bytes };
}

export interface EncodingSearch {
  /** Codings of places to try; all when absent. */
  readonly places?: readonly PlaceCodingName[];
  /** Prefix codes too, which are slow to read; false when absent. */
  readonly huffman?: boolean;
}

/** All encodings that hold the matrix exactly, the plain one (every value as it is) left out. */
export function encodings(matrix: WeightMatrix, search: EncodingSearch = {}): EncodedMatrix[] {
  if (matrix.columns > MOST_COLUMNS || matrix.columns === 0 || matrix.rows === 0) return [];
  const nonZero = nonZeroEntries(matrix);
  const found: EncodedMatrix[] = [];
  for (const placeCoding of PLACE_CODINGS) {
    if (search.places?.includes(placeCoding.name) === false) continue;
    const places = placeCoding.encode(nonZero, matrix);
    if (places === null) continue;
    const stored = storedValues(matrix, places);
    for (const valueCoding of VALUE_CODINGS) {
      if (placeCoding === placesAll && PLAIN.has(valueCoding.name)) continue;
      if (valueCoding === valuesHuffman && search.huffman !== true) continue;
      const values = valueCoding.encode(stored);
      const encoded = values === null ? null : combine(places, values, matrix.rows);
      if (encoded !== null) found.push(encoded);
    }
  }
  return found;
}

/** Name for reports: `bitmap`, `crs8+s4`, `codebook4` … */
export function encodingName({ places, values }: EncodedMatrix): string {
  const place = places.coding === 'nm' ? `${places.groupValues}:${2 ** places.placeBits}` : places.coding;
  const value = values.coding.startsWith('code') ? `codebook${values.valueBits}` : VALUE_NAMES[values.coding];
  if (places.coding === 'all') return value ?? 'dense';
  return value === undefined ? place : `${place}+${value}`;
}

const VALUE_NAMES: Partial<Record<ValueCodingName, string>> = {
  s4: 'int4',
  f16: 'float16',
  huffman_s8: 'huffman',
};
