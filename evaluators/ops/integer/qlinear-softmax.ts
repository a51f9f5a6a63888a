/**
 * QLinearSoftmax (com.microsoft): exponentials from a table of 256 single-precision values, sums in single precision in
 * index order. With D the length of the axis, the table is scaled so that a sum of D entries stays finite:
 *
 *   table[i] = f32(exp((i - 255 + shift) · sx)),  shift = max(0, ln(FLT_MAX / D) - 5) / sx
 *   y = saturate(rhe(f32(f32(t · floor(f32(1 / sy))) / Σt)) + yZero),  t = table[x + 255 - max(x)]   (x in unsigned units)
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import { limits, outputType, quantizedData, required, roundHalfEven, saturate, scalar } from './requantize.ts';

const FLOAT_MAX = 3.4028234663852886e38;
const RESERVED = 5;

/** exp of every input value less the row's maximum, as float32; entry 255 belongs to the maximum. */
export function softmaxTable(xScale: number, length: number): Float32Array {
  const shift = Math.max(0, Math.fround(Math.log(Math.fround(FLOAT_MAX / length))) - RESERVED) / xScale;
  return Float32Array.from({ length: 256 }, (_, i) => Math.exp((i - 255 + shift) * xScale));
}

function run(op: OpOf<'QLinearSoftmax'>, inputs: InputTensors): Tensor[] {
  const xTensor = required(inputs[0], 'QLinearSoftmax x');
  const x = quantizedData(xTensor, 'QLinearSoftmax x');
  const dtype = outputType(inputs[4], 'QLinearSoftmax yZero');
  const range = limits(dtype);
  const yZero = scalar(inputs[4], 'QLinearSoftmax yZero', 0);
  const inverse = Math.floor(Math.fround(1 / scalar(inputs[3], 'QLinearSoftmax yScale')));
  const length = xTensor.shape[op.axis] ?? 1;
  const inner = xTensor.shape.slice(op.axis + 1).reduce((p, n) => p * n, 1);
  const table = softmaxTable(scalar(inputs[1], 'QLinearSoftmax xScale'), length);
  const out = allocate(dtype, x.length);
  for (let row = 0; row < x.length / length; row++) {
    const start = Math.floor(row / inner) * length * inner + (row % inner);
    let max = -Infinity;
    for (let k = 0; k < length; k++) max = Math.max(max, x[start + k * inner]);
    let sum = 0;
    for (let k = 0; k < length; k++) sum = Math.fround(sum + table[x[start + k * inner] + 255 - max]);
    for (let k = 0; k < length; k++) {
      const at = start + k * inner;
      const share = Math.fround(Math.fround(table[x[at] + 255 - max] * inverse) / sum);
      out[at] = saturate(roundHalfEven(share) + yZero, range);
    }
  }
  return [tensor(dtype, xTensor.shape, out)];
}

export const qlinearSoftmax: OpDefinition<'QLinearSoftmax'> = {
  inferShape: (_op, inputs) => [
    { dtype: outputType(inputs[4], 'QLinearSoftmax yZero'), shape: required(inputs[0], 'QLinearSoftmax x').shape },
  ],
  run,
};
