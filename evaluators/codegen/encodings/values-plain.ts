/** Values as they are: one byte or one float each. */
import type { ValueCoding } from './weight-matrix.ts';

export const valuesInt8: ValueCoding = {
  name: 's8',
  encode(values) {
    if (!(values instanceof Int8Array)) return null;
    return { coding: 's8', stream: { type: 'int8_t', data: values }, table: null, valueBits: 8 };
  },
  decode: ({ stream }) => Array.from(stream.data, Number),
};

export const valuesFloat32: ValueCoding = {
  name: 'f32',
  encode(values) {
    if (!(values instanceof Float32Array)) return null;
    return { coding: 'f32', stream: { type: 'float', data: values }, table: null, valueBits: 32 };
  },
  decode: ({ stream }) => Array.from(stream.data, Number),
};
