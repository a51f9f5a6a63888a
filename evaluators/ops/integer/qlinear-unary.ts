/**
 * QLinearUnary: a function of one quantized value, held as a table with one entry per input value (com.microsoft
 * QLinearSigmoid, QLinearLeakyRelu, and any other function of one variable):
 *
 *   table[x] = quantize(f(f32(xScale · (x - xZero))), yScale, yZero),   f computed and rounded to single precision
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import { UNARY } from '../elementwise/unary-functions.ts';
import type { OpDefinition } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import {
  limits,
  outputType,
  type QuantizedType,
  quantizedData,
  quantizeValue,
  required,
  scalar,
} from './requantize.ts';

export interface UnaryScales {
  readonly xScale: number;
  readonly xZero: number;
  readonly yScale: number;
  readonly yZero: number;
}

/** Output for each of the 256 input values, first the smallest (-128 when `signed`, else 0). */
export function unaryTable(
  op: OpOf<'QLinearUnary'>,
  s: UnaryScales,
  signed: boolean,
  dtype: QuantizedType,
): Int32Array {
  const f = UNARY[op.fn];
  const range = limits(dtype);
  return Int32Array.from({ length: 256 }, (_, i) => {
    const x = Math.fround(s.xScale * (i - (signed ? 128 : 0) - s.xZero));
    return quantizeValue(Math.fround(f(x, op.alpha, op.beta)), s.yScale, s.yZero, range);
  });
}

function run(op: OpOf<'QLinearUnary'>, inputs: InputTensors): Tensor[] {
  const xTensor = required(inputs[0], 'QLinearUnary x');
  const x = quantizedData(xTensor, 'QLinearUnary x');
  const dtype = outputType(inputs[4], 'QLinearUnary yZero');
  const scales = {
    xScale: scalar(inputs[1], 'QLinearUnary xScale'),
    xZero: scalar(inputs[2], 'QLinearUnary xZero', 0),
    yScale: scalar(inputs[3], 'QLinearUnary yScale'),
    yZero: scalar(inputs[4], 'QLinearUnary yZero', 0),
  };
  const signed = xTensor.dtype === 'int8';
  const table = unaryTable(op, scales, signed, dtype);
  const out = allocate(dtype, x.length);
  for (let i = 0; i < x.length; i++) out[i] = table[x[i] + (signed ? 128 : 0)];
  return [tensor(dtype, xTensor.shape, out)];
}

export const qlinearUnary: OpDefinition<'QLinearUnary'> = {
  inferShape: (_op, inputs) => [
    { dtype: outputType(inputs[4], 'QLinearUnary yZero'), shape: required(inputs[0], 'QLinearUnary x').shape },
  ],
  run,
};
