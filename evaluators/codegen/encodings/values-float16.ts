/** Floats that are halves: stored in two bytes, used as float32, equal to the last bit. */
import type { ValueCoding } from './weight-matrix.ts';

export const valuesFloat16: ValueCoding = {
  name: 'f16',
  encode(values) {
    if (!(values instanceof Float32Array)) return null;
    const half = new Float16Array(values.length);
    for (let i = 0; i < values.length; i++) {
      half[i] = values[i];
      if (!Object.is(half[i], values[i])) return null;
    }
    const data = new Uint16Array(half.buffer);
    return { coding: 'f16', stream: { type: 'uint16_t', data }, table: null, valueBits: 16 };
  },
  decode: ({ stream }) => Array.from(new Float16Array(Uint16Array.from(stream.data, Number).buffer)),
};
