/** A dense tensor in C order: `data[i]` is the element with row-major index `i` of `shape`. A scalar has shape `[]`. */
import { type ArrayFor, allocate, type DType } from './dtype.ts';

export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: ArrayFor<D>;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** A tensor over `data`, which is not copied. Throws when the length does not match the shape. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: ArrayFor<D>): Tensor<D> {
  if (data.length !== elementCount(shape)) {
    throw new Error(`tensor of shape [${shape.join(', ')}] needs ${elementCount(shape)} elements, got ${data.length}`);
  }
  return { dtype, shape, data };
}

export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  return { dtype, shape, data: allocate(dtype, elementCount(shape)) };
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

export function isTensorOf<D extends DType>(value: Tensor, dtype: D): value is Tensor<D> {
  return value.dtype === dtype;
}
