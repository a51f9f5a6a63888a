/**
 * Weights as a matrix [rows][columns] in the order in which kernels read them, and the coded forms of it. A weight that equals the
 * zero of its row need not be stored: it contributes nothing.
 */
import type { TypedArray } from '../../ir/dtype.ts';
import type { ElementType } from '../program.ts';

export interface WeightMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Int8Array | Float32Array;
  /** Zero point of a row: 0 for floats. */
  readonly zeroOf: (row: number) => number;
}

/** The stored weights, row after row. */
export interface Entries {
  /** Index of the first entry of each row; one more element than rows. */
  readonly starts: Uint32Array;
  /** Column of each entry, not descending within a row. */
  readonly columns: Uint16Array;
}

export interface Stream {
  readonly type: ElementType;
  readonly data: TypedArray;
}

/** Where the stored weights stand. */
export interface CodedPlaces {
  readonly coding: PlaceCodingName;
  readonly stream: Uint8Array | null;
  /** Fields of each row in the stream, for codings that need them. */
  readonly counts: Uint32Array | null;
  /** Bits of a place within its group, values of each group; 0 without groups. */
  readonly placeBits: number;
  readonly groupValues: number;
  /** What is stored: with fillers where the coding needs them. A filler has the value zero. */
  readonly entries: Entries;
  readonly fillers: Uint8Array | null;
}

export type PlaceCodingName = 'all' | 'crs8' | 'crs16' | 'delta4' | 'bitmap' | 'nm';
export type ValueCodingName = 's8' | 's4' | 'code_s8' | 'huffman_s8' | 'f32' | 'f16' | 'code_f32';

export interface PlaceCoding {
  readonly name: PlaceCodingName;
  /** Null when the coding cannot hold this matrix. */
  encode(nonZero: Entries, matrix: { readonly rows: number; readonly columns: number }): CodedPlaces | null;
  /** The columns of the entries of each row, read back from the stream. */
  decode(coded: CodedPlaces, matrix: { readonly rows: number; readonly columns: number }): number[][];
}

/** What is stored there. */
export interface CodedValues {
  readonly coding: ValueCodingName;
  readonly stream: Stream;
  readonly table: Stream | null;
  readonly valueBits: number;
}

export interface ValueCoding {
  readonly name: ValueCodingName;
  /** Null when the coding cannot hold these values exactly. */
  encode(values: Int8Array | Float32Array): CodedValues | null;
  decode(coded: CodedValues, count: number): number[];
}

/** Entries of the weights that are not zero. */
export function nonZeroEntries({ rows, columns, values, zeroOf }: WeightMatrix): Entries {
  const starts = new Uint32Array(rows + 1);
  const places = new Uint16Array(rows * columns);
  let at = 0;
  for (let row = 0, index = 0; row < rows; row++) {
    const zero = zeroOf(row);
    for (let column = 0; column < columns; column++, index++) if (values[index] !== zero) places[at++] = column;
    starts[row + 1] = at;
  }
  return { starts, columns: places.subarray(0, at) };
}
