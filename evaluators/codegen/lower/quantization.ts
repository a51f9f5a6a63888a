/**
 * Quantization parameters of integer operators as the kernels take them. Stored values are int8: uint8 ones lie 128 lower,
 * zero points and limits with them. M = f32(f32(sx · sw) / sy).
 */
import { integerRange } from '../../ir/dtype.ts';
import type { FusedClamp } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import type { Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { numbers, scalar } from './constants.ts';

export interface OutputQuantization {
  readonly scale: number;
  /** Of the stored values. */
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
  /** 128 for uint8, else 0. */
  readonly shift: number;
}

export function outputQuantization(
  lowering: Lowering,
  output: string,
  scaleName: string | undefined,
  zeroName: string | undefined,
  clamp?: FusedClamp,
): OutputQuantization {
  const { dtype } = lowering.outputType(output);
  if (dtype !== 'int8' && dtype !== 'uint8')
    throw new LoweringError(`a quantized result of type ${dtype} has no kernel`);
  const shift = dtype === 'uint8' ? 128 : 0;
  const [min, max] = integerRange(dtype);
  return {
    scale: scalar(lowering.tensor(scaleName, 'the output scale'), 'the output scale'),
    zero: scalar(lowering.optionalTensor(zeroName, 'the output zero point'), 'the output zero point', 0) - shift,
    lo: Math.max(min, clamp?.min ?? min) - shift,
    hi: Math.min(max, clamp?.max ?? max) - shift,
    shift,
  };
}

/** The `requantize` member: multipliers as a constant of one entry per weight scale. */
export function requantizeFields(
  lowering: Lowering,
  inputScale: number,
  weightScales: Tensor,
  output: OutputQuantization,
): { readonly fields: Record<string, FieldValue> } {
  const count = elementCount(weightScales.shape);
  // Some kernels take channels in pairs: an odd number of multipliers gets one more.
  const entries = count > 1 ? count + (count & 1) : count;
  const multiplier = lowering.constant('m', 'float', entries, () => {
    const scales = numbers(weightScales);
    return Float32Array.from({ length: entries }, (_, c) => Math.fround(inputScale * (scales[c] ?? 0)) / output.scale);
  });
  return {
    fields: {
      multiplier: { constant: multiplier },
      per_channel: count > 1 ? 1 : 0,
      y_zero: output.zero,
      lo: output.lo,
      hi: output.hi,
    },
  };
}

/** Stored zero points of the weights: one, or one for each channel. */
export function storedZeros(weights: Tensor, zero: Tensor | undefined): Int8Array {
  const shift = weightShift(weights);
  return Int8Array.from(zero === undefined ? Float64Array.of(0) : numbers(zero), (value) => value - shift);
}

/** What is taken off stored weights: 128 for uint8. */
export function weightShift(weights: Tensor): number {
  if (weights.dtype === 'int8' || weights.dtype === 'int4' || weights.dtype === 'uint4') return 0;
  if (weights.dtype === 'uint8') return 128;
  throw new LoweringError(`weights of type ${weights.dtype} have no integer kernel`);
}

/** The bias of an integer operator. Throws LoweringError for other types than int32. */
export function integerBias(bias: Tensor | undefined): Tensor | undefined {
  if (bias !== undefined && bias.dtype !== 'int32')
    throw new LoweringError(`a quantized bias must be int32, not ${bias.dtype}`);
  return bias;
}

export function packBias(lowering: Lowering, bias: Tensor | undefined): FieldValue {
  if (integerBias(bias) === undefined || bias === undefined) return null;
  const count = elementCount(bias.shape);
  return { constant: lowering.constant('b', 'int32_t', count, () => Int32Array.from(bias.data, Number)) };
}
