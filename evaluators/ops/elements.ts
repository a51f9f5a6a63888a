/**
 * Reading and writing tensor elements as JavaScript numbers. Values of 64-bit integers beyond 2^53 lose precision here; operators
 * that must keep them use bigint paths of their own.
 */
import { allocate, type DType, type TypedArray } from '../ir/dtype.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import type { TensorType } from './op-definition.ts';

export type NumberArray = Exclude<TypedArray, BigInt64Array | BigUint64Array>;

export function isBigIntArray(data: TypedArray): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** The elements as numbers: the tensor's own array, or a copy when it holds bigints. */
export function numbersOf(tensor: Tensor): NumberArray {
  const data: TypedArray = tensor.data;
  return isBigIntArray(data) ? Float64Array.from(data, Number) : data;
}

/** The elements as exact integers: throws when one is not a safe integer. */
export function integersOf(tensor: Tensor): number[] {
  return Array.from(numbersOf(tensor), (value) => {
    if (!Number.isFinite(value) || Math.trunc(value) !== value) throw new RangeError(`${value} is not an integer`);
    return value;
  });
}

/** An array to fill with the elements of an output of `dtype`: its own kind, or doubles where that is a bigint array. */
export function scratchFor(type: TensorType): NumberArray {
  const length = elementCount(type.shape);
  return type.dtype === 'int64' || type.dtype === 'uint64' ? new Float64Array(length) : numberArray(type.dtype, length);
}

function numberArray(dtype: Exclude<DType, 'int64' | 'uint64'>, length: number): NumberArray {
  return allocate(dtype, length);
}

/** A tensor from numbers; converts as C does (integers wrap) unless `values` is already the right kind of array. */
export function tensorOf(type: TensorType, values: NumberArray): Tensor {
  const { dtype, shape } = type;
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(values, toBigInt) } satisfies Tensor<'int64'>;
  if (dtype === 'uint64')
    return { dtype, shape, data: BigUint64Array.from(values, toBigInt) } satisfies Tensor<'uint64'>;
  const data = allocate(dtype, values.length);
  if (data.constructor === values.constructor) return { dtype, shape, data: values } as Tensor;
  data.set(values);
  return { dtype, shape, data } as Tensor;
}

function toBigInt(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

/** out[i] = in[indices[i]]; a negative index gives `fill` (zero when left out). Works for every element type. */
export function pick(source: Tensor, indices: Int32Array, shape: readonly number[], fill?: number | bigint): Tensor {
  const from: TypedArray = source.data;
  const data: TypedArray = allocate(source.dtype, indices.length);
  if (isBigIntArray(from) && isBigIntArray(data)) {
    const empty = BigInt(fill ?? 0);
    for (let i = 0; i < indices.length; i++) data[i] = indices[i] < 0 ? empty : from[indices[i]];
  } else if (!isBigIntArray(from) && !isBigIntArray(data)) {
    const empty = Number(fill ?? 0);
    for (let i = 0; i < indices.length; i++) data[i] = indices[i] < 0 ? empty : from[indices[i]];
  }
  return { dtype: source.dtype, shape, data } as Tensor;
}

/** The same elements under another shape. */
export function withShape(source: Tensor, shape: readonly number[]): Tensor {
  return { dtype: source.dtype, shape, data: source.data } as Tensor;
}
