/** Values in -8..7, two to a byte, the lower half first. */
import { packBits, unpackBits } from './bit-fields.ts';
import type { ValueCoding } from './weight-matrix.ts';

export const valuesInt4: ValueCoding = {
  name: 's4',
  encode(values) {
    if (!(values instanceof Int8Array) || values.some((value) => value < -8 || value > 7)) return null;
    const data = packBits(
      Uint8Array.from(values, (value) => value & 15),
      4,
    );
    return { coding: 's4', stream: { type: 'uint8_t', data }, table: null, valueBits: 4 };
  },
  decode({ stream }, count) {
    const fields = unpackBits(Uint8Array.from(stream.data, Number), 4, count);
    return Array.from(fields, (field) => (field ^ 8) - 8);
  },
};
