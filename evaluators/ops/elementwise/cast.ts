/**
 * Cast: floats to integers truncate; integers wrap to the narrower type; anything non-zero becomes true. Floats out of range of
 * an integer type are undefined in ONNX: here they saturate, and NaN becomes 0. 4-bit integers saturate after rounding half to even.
 */
import { allocate, type DType, integerRange, isFloat, type TypedArray } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { isBigIntArray, numbersOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'Cast'>, inputs: InputTypes): TensorType[] {
  return [{ dtype: op.to, shape: requiredInput(inputs, 0, 'input').shape }];
}

function saturateBigInt(value: number, to: 'int64' | 'uint64'): bigint {
  if (Number.isNaN(value)) return 0n;
  const [low, high] = to === 'int64' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  if (value <= Number(low)) return low;
  return value >= Number(high) ? high : BigInt(Math.trunc(value));
}

function narrow(value: number, from: DType, to: Exclude<DType, 'int64' | 'uint64'>): number {
  if (to === 'float32' || to === 'float16' || to === 'float64') return value;
  if (to === 'bool') return value !== 0 ? 1 : 0;
  if (to === 'int4' || to === 'uint4') return wrapFourBits(Math.trunc(value), to, isFloat(from));
  if (!isFloat(from)) return value;
  const [low, high] = integerRange(to);
  return Number.isNaN(value) ? 0 : Math.max(low, Math.min(high, Math.trunc(value)));
}

function wrapFourBits(value: number, to: 'int4' | 'uint4', saturate: boolean): number {
  const [low, high] = integerRange(to);
  if (saturate) return Number.isNaN(value) ? 0 : Math.max(low, Math.min(high, value));
  const bits = value & 15;
  return to === 'int4' && bits > 7 ? bits - 16 : bits;
}

function convert(input: Tensor, to: DType): TypedArray {
  const data: TypedArray = input.data;
  if (to === 'int64' || to === 'uint64') {
    const out = allocate(to, data.length);
    if (isBigIntArray(data)) for (let i = 0; i < out.length; i++) out[i] = data[i];
    else for (let i = 0; i < out.length; i++) out[i] = saturateBigInt(data[i], to);
    return out;
  }
  const x = numbersOf(input);
  const out = allocate(to, x.length);
  if (
    isBigIntArray(data) &&
    (to === 'int32' || to === 'uint32' || to === 'int16' || to === 'uint16' || to === 'int8' || to === 'uint8')
  ) {
    for (let i = 0; i < out.length; i++) out[i] = Number(BigInt.asIntN(32, data[i]));
  } else {
    for (let i = 0; i < out.length; i++) out[i] = narrow(x[i], input.dtype, to);
  }
  return out;
}

export const cast: OpDefinition<'Cast'> = {
  inferShape,
  run(op, inputs) {
    const input = requiredInput(inputs, 0, 'input');
    return [{ dtype: op.to, shape: input.shape, data: convert(input, op.to) } as Tensor];
  },
};
