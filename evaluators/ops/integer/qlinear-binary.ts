/**
 * QLinearAdd and QLinearMul (com.microsoft) with multidirectional broadcasting, as ONNX Runtime computes them on x86:
 *
 *   Add: y = saturate(rhe(fma(a, ra, fma(b, rb, f)))),  ra = f32(sa / sy), rb = f32(sb / sy),
 *        f = f32(yZero - fma(ra, aZero, f32(rb · bZero)))
 *   Mul: y = saturate(rhe(f32(f32((a - aZero)(b - bZero) · r) + yZero))),  r = f32(f32(sa · sb) / sy)
 *
 * `fma` rounds once to single precision, `rhe` is round half to even. Because a and b have few values, each operand's part
 * can be a table; the fused sum of an 8-bit integer times a float and a float is exact in double precision before the one
 * rounding unless the ratio is below about 2^-20 of the sum.
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import type { OpDefinition } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import { limits, outputType, quantizedData, required, roundHalfEven, saturate, scalar } from './requantize.ts';

export interface BinaryScales {
  readonly aScale: number;
  readonly aZero: number;
  readonly bScale: number;
  readonly bZero: number;
  readonly yScale: number;
  readonly yZero: number;
}

/** ra, rb and f of Add. */
export function addTerms(s: BinaryScales): { readonly ra: number; readonly rb: number; readonly fixed: number } {
  const ra = Math.fround(s.aScale / s.yScale);
  const rb = Math.fround(s.bScale / s.yScale);
  // The compiler of ONNX Runtime contracts the first product and the sum into one operation.
  const fixed = Math.fround(s.yZero - Math.fround(ra * s.aZero + Math.fround(rb * s.bZero)));
  return { ra, rb, fixed };
}

/** (a, b) -> the rounded sum before saturation. */
export function quantizedAdd(s: BinaryScales): (a: number, b: number) => number {
  const { ra, rb, fixed } = addTerms(s);
  return (a, b) => roundHalfEven(Math.fround(a * ra + Math.fround(b * rb + fixed)));
}

/** (a, b) -> the rounded product before saturation. */
export function quantizedMul(s: BinaryScales): (a: number, b: number) => number {
  const ratio = Math.fround(Math.fround(s.aScale * s.bScale) / s.yScale);
  return (a, b) => roundHalfEven(Math.fround(Math.fround((a - s.aZero) * (b - s.bZero) * ratio) + s.yZero));
}

function run(op: OpOf<'QLinearBinary'>, inputs: InputTensors): Tensor[] {
  const aTensor = required(inputs[0], 'QLinearBinary a');
  const bTensor = required(inputs[3], 'QLinearBinary b');
  const a = quantizedData(aTensor, 'QLinearBinary a');
  const b = quantizedData(bTensor, 'QLinearBinary b');
  const scales: BinaryScales = {
    aScale: scalar(inputs[1], 'aScale'),
    aZero: scalar(inputs[2], 'aZero', 0),
    bScale: scalar(inputs[4], 'bScale'),
    bZero: scalar(inputs[5], 'bZero', 0),
    yScale: scalar(inputs[6], 'yScale'),
    yZero: scalar(inputs[7], 'yZero', 0),
  };
  const combine = op.fn === 'Add' ? quantizedAdd(scales) : quantizedMul(scales);
  const shape = broadcastShapes(aTensor.shape, bTensor.shape);
  const aIndex = broadcastPositions(aTensor.shape, shape);
  const bIndex = broadcastPositions(bTensor.shape, shape);
  const dtype = outputType(inputs[7], 'QLinearBinary yZero');
  const range = limits(dtype, op.clamp);
  const out = allocate(dtype, aIndex.length);
  for (let i = 0; i < out.length; i++) out[i] = saturate(combine(a[aIndex[i]], b[bIndex[i]]), range);
  return [tensor(dtype, shape, out)];
}

export const qlinearBinary: OpDefinition<'QLinearBinary'> = {
  inferShape: (_op, inputs) => [
    {
      dtype: outputType(inputs[7], 'QLinearBinary yZero'),
      shape: broadcastShapes(required(inputs[0], 'a').shape, required(inputs[3], 'b').shape),
    },
  ],
  run,
};
