/**
 * Weights as integers. int8 and int4 are symmetric (zero point 0, -127..127 and -7..7 around the largest magnitude); uint8 is
 * affine over the weights' own range. One scale for the tensor, or one per structure (`axis`).
 */
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import { roundHalfEven } from '../../ops/integer/requantize.ts';
import { affineOf } from './affine.ts';

export type WeightFormat = 'int8' | 'uint8' | 'int4';

export interface QuantizedWeight {
  readonly values: Tensor;
  /** [1] flattened to a scalar, or one per structure. */
  readonly scale: Tensor<'float32'>;
  readonly zero: Tensor;
}

const SYMMETRIC_LIMIT = { int8: 127, int4: 7 } as const;

/** Index of the structure of each element. */
export function structureIndexer(shape: readonly number[], axis: number | null): (i: number) => number {
  if (axis === null) return () => 0;
  const inner = elementCount(shape.slice(axis + 1));
  const size = shape[axis];
  return (i) => Math.floor(i / inner) % size;
}

/** Smallest and largest weight of each structure (of the tensor when `axis` is null). */
export function weightRanges(weight: Tensor, axis: number | null): { min: Float64Array; max: Float64Array } {
  const count = axis === null ? 1 : weight.shape[axis];
  const min = new Float64Array(count);
  const max = new Float64Array(count);
  const at = structureIndexer(weight.shape, axis);
  for (let i = 0; i < weight.data.length; i++) {
    const s = at(i);
    const value = Number(weight.data[i]);
    if (value < min[s]) min[s] = value;
    if (value > max[s]) max[s] = value;
  }
  return { min, max };
}

export interface WeightGrid {
  readonly format: WeightFormat;
  readonly axis: number | null;
  readonly scales: Float32Array;
  readonly zeros: Int32Array;
  readonly low: number;
  readonly high: number;
}

/** The grid of representable values; `clip` narrows the range (1 = the weights' whole range). */
export function weightGrid(weight: Tensor, format: WeightFormat, axis: number | null, clip = 1): WeightGrid {
  const { min, max } = weightRanges(weight, axis);
  if (format === 'uint8') {
    const grids = Array.from(min, (low, s) => affineOf({ min: low * clip, max: max[s] * clip }, 'uint8'));
    return {
      format,
      axis,
      scales: Float32Array.from(grids, (grid) => grid.scale),
      zeros: Int32Array.from(grids, (grid) => grid.zero),
      low: 0,
      high: 255,
    };
  }
  const limit = SYMMETRIC_LIMIT[format];
  const scales = Float32Array.from(min, (low, s) => {
    const magnitude = Math.max(-low, max[s]) * clip;
    return magnitude > 0 ? magnitude / limit : 1;
  });
  return { format, axis, scales, zeros: new Int32Array(scales.length), low: -limit, high: limit };
}

/** Weights on a grid; `rounded` gives the integer of each element, default round to nearest. */
export function weightOnGrid(
  weight: Tensor,
  grid: WeightGrid,
  rounded?: (i: number, exact: number) => number,
): QuantizedWeight {
  const at = structureIndexer(weight.shape, grid.axis);
  const data = grid.format === 'uint8' ? new Uint8Array(weight.data.length) : new Int8Array(weight.data.length);
  for (let i = 0; i < data.length; i++) {
    const s = at(i);
    const exact = Math.fround(Number(weight.data[i]) / grid.scales[s]);
    const q = (rounded === undefined ? roundHalfEven(exact) : rounded(i, exact)) + grid.zeros[s];
    data[i] = q < grid.low ? grid.low : q > grid.high ? grid.high : q;
  }
  const shape = grid.axis === null ? [] : [grid.scales.length];
  const integers = (values: ArrayLike<number>, of: readonly number[]): Tensor =>
    grid.format === 'uint8'
      ? tensor('uint8', of, Uint8Array.from(values))
      : tensor(grid.format, of, Int8Array.from(values));
  return {
    values: integers(data, weight.shape),
    scale: tensor('float32', shape, grid.scales),
    zero: integers(grid.zeros, shape),
  };
}

/** The float weights that the integers stand for; `axis` counts the structures where there is a scale for each. */
export function dequantized({ values, scale, zero }: QuantizedWeight, axis: number): Tensor<'float32'> {
  const at = structureIndexer(values.shape, scale.data.length === 1 ? null : axis);
  const data = Float32Array.from({ length: values.data.length }, (_, i) => {
    const s = at(i);
    return (Number(values.data[i]) - Number(zero.data[s])) * scale.data[s];
  });
  return tensor('float32', values.shape, data);
}

/** Bias as int32 with scale xScale · wScale and zero point 0. */
export function quantizeBias(
  bias: Tensor,
  xScale: number,
  weightScale: Tensor<'float32'>,
): { readonly values: Tensor<'int32'>; readonly scale: Tensor<'float32'> } {
  const count = bias.data.length;
  const scales = Float32Array.from({ length: weightScale.data.length }, (_, i) =>
    Math.fround(Math.fround(xScale) * weightScale.data[i]),
  );
  const perElement = scales.length === 1 ? () => scales[0] : (i: number) => scales[i % scales.length];
  const values = Int32Array.from({ length: count }, (_, i) => {
    const q = roundHalfEven(Number(bias.data[i]) / perElement(i));
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, q));
  });
  return { values: tensor('int32', bias.shape, values), scale: tensor('float32', weightScale.shape, scales) };
}
