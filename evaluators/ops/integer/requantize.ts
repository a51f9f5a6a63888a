/**
 * Arithmetic shared by all integer operators, as ONNX Runtime's fused kernels do it (single precision, ties to even):
 *
 *   requantize(acc) = clamp(roundHalfEven(f32(acc) · M) + zeroPoint),  M = f32(f32(sx · sw) / sy)
 *
 * `f32` is rounding to the nearest single-precision number. Every back end (this reference, the WebAssembly engine, the C
 * runtime) has to give these values bit for bit.
 */
import { integerRange } from '../../ir/dtype.ts';
import type { FusedClamp } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import type { TensorType } from '../op-definition.ts';
import { OperatorError } from '../operator.ts';

/** 1.5 · 2^52: adding and subtracting it rounds a double below 2^51 to an integer, ties to even. */
const ROUNDER = 6755399441055744;

export function roundHalfEven(value: number): number {
  if (Math.abs(value) >= 2 ** 51) return value;
  return value + ROUNDER - ROUNDER;
}

export type QuantizedType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int4' | 'uint4';
export type QuantizedData = Int8Array | Uint8Array | Int16Array | Uint16Array;

export function isQuantizedType(dtype: string): dtype is QuantizedType {
  return ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4'].includes(dtype);
}

export function quantizedType(dtype: string, what: string): QuantizedType {
  if (!isQuantizedType(dtype))
    throw new OperatorError(`${what} must be a 4-, 8- or 16-bit integer tensor, not ${dtype}`);
  return dtype;
}

/** The elements of a 4-, 8- or 16-bit integer tensor. */
export function quantizedData(tensor: Tensor | undefined, what: string): QuantizedData {
  const data = required(tensor, what).data;
  if (
    data instanceof Int8Array ||
    data instanceof Uint8Array ||
    data instanceof Int16Array ||
    data instanceof Uint16Array
  ) {
    return data;
  }
  throw new OperatorError(`${what} must be a 4-, 8- or 16-bit integer tensor, not ${tensor?.dtype}`);
}

export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new OperatorError(`${what} is missing`);
  return value;
}

/** Element 0 as a number; `fallback` when the tensor is absent. */
export function scalar(tensor: Tensor | undefined, what: string, fallback?: number): number {
  if (tensor === undefined && fallback !== undefined) return fallback;
  const values = required(tensor, what);
  if (values.data.length !== 1)
    throw new OperatorError(`${what} must be a scalar, not a tensor of ${values.data.length}`);
  return Number(values.data[0]);
}

/** `count` numbers from a tensor of `count` elements or of one, which is repeated. */
export function perChannel(tensor: Tensor | undefined, count: number, what: string, fallback?: number): Float64Array {
  const result = new Float64Array(count);
  if (tensor === undefined && fallback !== undefined) return result.fill(fallback);
  const values = required(tensor, what).data;
  if (values.length !== 1 && values.length !== count) {
    throw new OperatorError(`${what} has ${values.length} elements; expected 1 or ${count}`);
  }
  for (let i = 0; i < count; i++) result[i] = Number(values[values.length === 1 ? 0 : i]);
  return result;
}

/** M per output channel: f32(f32(sx · sw) / sy). */
export function multipliers(xScale: number, wScales: Float64Array, yScale: number): Float64Array {
  return wScales.map((w) => Math.fround(Math.fround(xScale * w) / yScale));
}

export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** The output range of `dtype`, narrowed by a folded activation (in the integer units of the output). */
export function limits(dtype: QuantizedType, clamp?: FusedClamp): Limits {
  const [min, max] = integerRange(dtype);
  if (clamp === undefined) return { low: min, high: max };
  return { low: Math.max(min, clamp.min), high: Math.min(max, clamp.max) };
}

export function saturate(value: number, { low, high }: Limits): number {
  return value < low ? low : value > high ? high : value;
}

export function requantize(acc: number, multiplier: number, zeroPoint: number, range: Limits): number {
  return saturate(roundHalfEven(Math.fround(Math.fround(acc) * multiplier)) + zeroPoint, range);
}

/** QuantizeLinear of one number: saturate(roundHalfEven(f32(x / scale)) + zeroPoint). */
export function quantizeValue(value: number, scale: number, zeroPoint: number, range: Limits): number {
  if (Number.isNaN(value)) return saturate(zeroPoint, range);
  return saturate(roundHalfEven(Math.fround(value / scale)) + zeroPoint, range);
}

/** The type of an output whose zero point is `zero`; an absent zero point means uint8, as in ONNX. */
export function outputType(zero: TensorType | undefined, what: string): QuantizedType {
  return zero === undefined ? 'uint8' : quantizedType(zero.dtype, what);
}
