/**
 * MaxPool over S spatial axes; padding never wins. The optional second output holds, for each window, the flat position of the
 * (first) largest element in the whole input; `storageOrder` 1 counts the spatial axes column-major.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, requiredInput } from '../operator.ts';
import { checkWindow, windowOutput } from './geometry.ts';
import { planTaps } from './taps.ts';

function inferShape(op: OpOf<'MaxPool'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const spatial = x.shape.slice(2);
  checkWindow(op, spatial.length);
  const shape = [...x.shape.slice(0, 2), ...windowOutput(op, spatial, op.ceilMode)];
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
}

/** Position of row-major `index` when the axes of `spatial` are stored column-major. */
function columnMajor(index: number, spatial: readonly number[]): number {
  const strides = stridesOf(spatial);
  let position = 0;
  let stride = 1;
  for (let axis = 0; axis < spatial.length; axis++) {
    position += (Math.floor(index / strides[axis]) % spatial[axis]) * stride;
    stride *= spatial[axis];
  }
  return position;
}

export const maxPool: OpDefinition<'MaxPool'> = {
  inferShape,
  run(op, inputs) {
    const [type, indexType] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const spatial = input.shape.slice(2);
    const inPlane = elementCount(spatial);
    const outPlane = elementCount(type.shape.slice(2));
    const { runs, inStep } = planTaps(op, spatial, type.shape.slice(2));
    const out = scratchFor(type);
    const indices = scratchFor(indexType);
    const best = new Float64Array(outPlane);
    const where = new Int32Array(outPlane);
    for (let plane = 0; plane < out.length / Math.max(outPlane, 1); plane++) {
      best.fill(Number.NEGATIVE_INFINITY);
      where.fill(-1);
      for (const rows of runs) {
        for (const { outStart, inStart, count } of rows) {
          for (let i = 0; i < count; i++) {
            const position = inStart + i * inStep;
            const value = x[plane * inPlane + position];
            if (value > best[outStart + i] || where[outStart + i] < 0) {
              best[outStart + i] = value;
              where[outStart + i] = position;
            }
          }
        }
      }
      out.set(best, plane * outPlane);
      for (let i = 0; i < outPlane; i++) {
        const position = op.storageOrder === 0 ? where[i] : columnMajor(where[i], spatial);
        indices[plane * outPlane + i] = plane * inPlane + position;
      }
    }
    return [tensorOf(type, out), tensorOf(indexType, indices)];
  },
};
