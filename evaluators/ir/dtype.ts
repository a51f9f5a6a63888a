/**
 * Element types and the JavaScript arrays that hold them. 4-bit integers are held one per byte; booleans as 0 or 1.
 * float16 uses the platform's Float16Array.
 */

export const DTYPES = [
  'float32',
  'float16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'int4',
  'uint4',
] as const;
export type DType = (typeof DTYPES)[number];

export type TypedArray =
  | Float32Array
  | Float16Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface ArrayOf {
  readonly float32: Float32Array;
  readonly float16: Float16Array;
  readonly float64: Float64Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly uint16: Uint16Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int64: BigInt64Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
  readonly int4: Int8Array;
  readonly uint4: Uint8Array;
}
export type ArrayFor<D extends DType> = ArrayOf[D];

const CONSTRUCTORS: { readonly [D in DType]: new (length: number) => ArrayOf[D] } = {
  float32: Float32Array,
  float16: Float16Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
};

/** A zero-filled array of `length` elements. */
export function allocate<D extends DType>(dtype: D, length: number): ArrayFor<D> {
  return new CONSTRUCTORS[dtype](length);
}

const BITS: { readonly [D in DType]: number } = {
  float32: 32,
  float16: 16,
  float64: 64,
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
  int32: 32,
  uint32: 32,
  int64: 64,
  uint64: 64,
  bool: 8,
  int4: 4,
  uint4: 4,
};

/** Storage bits of one element on a device. */
export function bitsOf(dtype: DType): number {
  return BITS[dtype];
}

/** Bytes of `count` elements stored densely on a device (two 4-bit integers share a byte). */
export function storedBytes(dtype: DType, count: number): number {
  return Math.ceil((BITS[dtype] * count) / 8);
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'float64';
}

/** Smallest and largest value of an integer type of at most 32 bits. */
export function integerRange(
  dtype: 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int4' | 'uint4',
): readonly [number, number] {
  const bits = BITS[dtype];
  return dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
