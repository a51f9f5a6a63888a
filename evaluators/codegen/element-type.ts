/** How element types of the IR are stored on a device. */
import type { DType, TypedArray } from '../ir/dtype.ts';
import type { ElementType } from './program.ts';

const STORED: { readonly [D in DType]: ElementType } = {
  float32: 'float',
  // Half precision lives as float32: no kernel computes in it.
  float16: 'float',
  float64: 'double',
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  uint16: 'uint16_t',
  int32: 'int32_t',
  uint32: 'uint32_t',
  int64: 'int64_t',
  uint64: 'uint64_t',
  bool: 'uint8_t',
  int4: 'int8_t',
  uint4: 'uint8_t',
};

export function elementType(dtype: DType): ElementType {
  return STORED[dtype];
}

const BYTES: { readonly [T in ElementType]: number } = {
  float: 4,
  double: 8,
  int8_t: 1,
  uint8_t: 1,
  int16_t: 2,
  uint16_t: 2,
  int32_t: 4,
  uint32_t: 4,
  int64_t: 8,
  uint64_t: 8,
};

export function elementBytes(type: ElementType): number {
  return BYTES[type];
}

/** An empty array of the kind that holds elements of `type`. */
export function arrayOf(type: ElementType, length: number): TypedArray {
  switch (type) {
    case 'float':
      return new Float32Array(length);
    case 'double':
      return new Float64Array(length);
    case 'int8_t':
      return new Int8Array(length);
    case 'uint8_t':
      return new Uint8Array(length);
    case 'int16_t':
      return new Int16Array(length);
    case 'uint16_t':
      return new Uint16Array(length);
    case 'int32_t':
      return new Int32Array(length);
    case 'uint32_t':
      return new Uint32Array(length);
    case 'int64_t':
      return new BigInt64Array(length);
    case 'uint64_t':
      return new BigUint64Array(length);
  }
}

/** The elements as they are stored: half precision widened, everything else as it is. */
export function storedData(data: TypedArray): Exclude<TypedArray, Float16Array> {
  return data instanceof Float16Array ? Float32Array.from(data) : data;
}
