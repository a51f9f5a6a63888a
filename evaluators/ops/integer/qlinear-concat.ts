/**
 * QLinearConcat (com.microsoft): inputs yScale, yZero, then (x, xScale, xZero) each. An input with the output's own scale and
 * zero point is copied; any other goes through y = quantize(f32(sx · (x - xZero)), sy, yZero).
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import type { InputTensors } from '../operator.ts';
import { limits, outputType, quantizedData, quantizeValue, required, scalar } from './requantize.ts';

function concatShape(axis: number, parts: readonly TensorType[]): number[] {
  const first = required(parts[0], 'QLinearConcat x').shape;
  return first.map((size, i) => (i === axis ? parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0) : size));
}

function every<T>(inputs: readonly (T | undefined)[], first: number): T[] {
  const result: T[] = [];
  for (let i = first; i < inputs.length; i += 3) result.push(required(inputs[i], 'QLinearConcat input'));
  return result;
}

function run(op: OpOf<'QLinearConcat'>, inputs: InputTensors): Tensor[] {
  const yScale = scalar(inputs[0], 'QLinearConcat yScale');
  const yZero = scalar(inputs[1], 'QLinearConcat yZero', 0);
  const dtype = outputType(inputs[1], 'QLinearConcat yZero');
  const range = limits(dtype);
  const parts = every(inputs, 2);
  const shape = concatShape(op.axis, parts);
  const out = allocate(dtype, elementCount(shape));
  const outer = elementCount(shape.slice(0, op.axis));
  const row = elementCount(shape.slice(op.axis));
  let start = 0;
  parts.forEach((part, index) => {
    const x = quantizedData(part, 'QLinearConcat x');
    const xScale = scalar(inputs[3 + 3 * index], 'QLinearConcat xScale');
    const xZero = scalar(inputs[4 + 3 * index], 'QLinearConcat xZero', 0);
    const same = xScale === yScale && xZero === yZero;
    const width = elementCount(part.shape.slice(op.axis));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < width; i++) {
        const q = x[o * width + i];
        out[o * row + start + i] = same ? q : quantizeValue(Math.fround(xScale * (q - xZero)), yScale, yZero, range);
      }
    }
    start += width;
  });
  return [tensor(dtype, shape, out)];
}

export const qlinearConcat: OpDefinition<'QLinearConcat'> = {
  inferShape: (op, inputs) => [
    { dtype: outputType(inputs[1], 'QLinearConcat yZero'), shape: concatShape(op.axis, every(inputs, 2)) },
  ],
  run,
};
