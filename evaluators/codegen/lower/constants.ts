/** Readings of constant operands: scalars, per-channel lists, zero points, as numbers. */
import type { Tensor } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';

export function numbers(tensor: Tensor): Float64Array {
  return Float64Array.from(tensor.data, Number);
}

/** The one element of a tensor; `fallback` when it is absent. */
export function scalar(tensor: Tensor | undefined, role: string, fallback?: number): number {
  if (tensor === undefined && fallback !== undefined) return fallback;
  if (tensor === undefined) throw new LoweringError(`${role} is missing`);
  if (tensor.data.length !== 1) throw new LoweringError(`${role} must be one number, not ${tensor.data.length}`);
  return Number(tensor.data[0]);
}
