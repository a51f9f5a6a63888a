/**
 * Shared values (Han et al., "Deep Compression", ICLR 2016, section 3): a table of the distinct values and an index into it for each,
 * of as many bits as the table needs. The sharing itself happened before, by k-means; nothing is rounded here.
 */
import { packBits, unpackBits } from './bit-fields.ts';
import type { CodedValues, ValueCoding } from './weight-matrix.ts';

const MOST_BITS = 8;

/** The distinct values, ascending, or null when there are more than `limit`. */
function distinct(values: Int8Array | Float32Array, limit: number): number[] | null {
  const seen = new Set<number>();
  for (const value of values) {
    // A negative zero would become a positive one in the table; such tensors are stored otherwise.
    if (Object.is(value, -0)) return null;
    seen.add(value);
    if (seen.size > limit) return null;
  }
  return [...seen].sort((a, b) => a - b);
}

function encodeShared(values: Int8Array | Float32Array, mostBits: number): Omit<CodedValues, 'coding'> | null {
  const table = distinct(values, 2 ** mostBits);
  if (table === null || table.length === 0) return null;
  const valueBits = Math.max(1, Math.ceil(Math.log2(table.length)));
  const index = new Map(table.map((value, i) => [value, i]));
  const fields = Uint8Array.from(values, (value) => index.get(value) ?? 0);
  const shared: CodedValues['stream'] =
    values instanceof Int8Array
      ? { type: 'int8_t', data: Int8Array.from(table) }
      : { type: 'float', data: Float32Array.from(table) };
  return { stream: { type: 'uint8_t', data: packBits(fields, valueBits) }, table: shared, valueBits };
}

function decodeShared({ stream, table, valueBits }: CodedValues, count: number): number[] {
  const fields = unpackBits(Uint8Array.from(stream.data, Number), valueBits, count);
  return Array.from(fields, (field) => Number(table?.data[field]));
}

export const valuesCodebookInt8: ValueCoding = {
  name: 'code_s8',
  encode(values) {
    const coded = values instanceof Int8Array ? encodeShared(values, MOST_BITS - 1) : null;
    return coded && { coding: 'code_s8', ...coded };
  },
  decode: decodeShared,
};

export const valuesCodebookFloat32: ValueCoding = {
  name: 'code_f32',
  encode(values) {
    const coded = values instanceof Float32Array ? encodeShared(values, MOST_BITS) : null;
    return coded && { coding: 'code_f32', ...coded };
  },
  decode: decodeShared,
};
