/**
 * Scale and zero point of an affine 8-bit range (architecture: numerics contract). The range is widened to contain 0, so that
 * zero is exact: scale = f32((max - min) / 255), zero = clamp(roundHalfEven(qmin - min / scale)).
 */
import { integerRange } from '../../ir/dtype.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import { roundHalfEven } from '../../ops/integer/requantize.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface Affine {
  readonly dtype: 'int8' | 'uint8';
  readonly scale: number;
  readonly zero: number;
}

/** Below this the scale would be denormal; such a value is as good as constant zero. */
const SMALLEST_SCALE = 2 ** -100;

export function affineOf(range: Range, dtype: 'int8' | 'uint8'): Affine {
  const [low, high] = integerRange(dtype);
  const min = Math.min(0, range.min);
  const max = Math.max(0, range.max);
  const scale = Math.fround((max - min) / (high - low));
  if (!(scale > SMALLEST_SCALE)) return { dtype, scale: 1, zero: 0 };
  const zero = Math.max(low, Math.min(high, roundHalfEven(low - min / scale)));
  return { dtype, scale, zero };
}

export function scaleTensor(scale: number): Tensor<'float32'> {
  return tensor('float32', [], Float32Array.of(scale));
}

export function zeroTensor({ dtype, zero }: Affine): Tensor {
  return dtype === 'int8' ? tensor('int8', [], Int8Array.of(zero)) : tensor('uint8', [], Uint8Array.of(zero));
}
