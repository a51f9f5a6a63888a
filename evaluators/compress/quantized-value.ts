/**
 * A float value known to be exactly scale · (q - zero) for an integer value q. The fusion pass carries these along instead of
 * the float values and only writes a DequantizeLinear where a float operator really needs one.
 */
import type { Tensor } from '../ir/tensor.ts';

export interface QuantizedValue {
  /** Name of the integer value. */
  readonly q: string;
  /** Names of the scale and zero-point constants; `zero` is '' when absent. */
  readonly scale: string;
  readonly zero: string;
  readonly axis: number;
  readonly blockSize: number;
}

export type Constants = ReadonlyMap<string, Tensor>;

function sameNumbers(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.dtype !== b.dtype || a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false;
  return true;
}

/** One scale and zero point for the whole tensor, both constant. */
export function isPerTensor(value: QuantizedValue, constants: Constants): boolean {
  const scale = constants.get(value.scale);
  if (scale === undefined || scale.data.length !== 1 || value.blockSize !== 0) return false;
  if (value.zero === '') return true;
  return constants.get(value.zero)?.data.length === 1;
}

export function sameParameters(a: QuantizedValue, b: QuantizedValue, constants: Constants): boolean {
  return (
    sameNumbers(constants.get(a.scale), constants.get(b.scale)) &&
    sameNumbers(constants.get(a.zero), constants.get(b.zero)) &&
    isPerTensor(a, constants) &&
    isPerTensor(b, constants)
  );
}
