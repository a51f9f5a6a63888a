/** ScatterND: a copy of `data` with slices of `updates` written where the index tuples point. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { integersOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { slicePositions } from './gather-nd.ts';
import { scatter } from './scatter.ts';

function inferShape(_op: OpOf<'ScatterND'>, inputs: InputTypes): TensorType[] {
  const data = requiredInput(inputs, 0, 'data');
  const { shape } = requiredInput(inputs, 1, 'indices');
  const updates = requiredInput(inputs, 2, 'updates');
  const tuple = shape.at(-1) ?? 0;
  check(
    tuple >= 1 && tuple <= data.shape.length,
    `indices ${shapeText(shape)} do not fit data ${shapeText(data.shape)}`,
  );
  const expected = [...shape.slice(0, -1), ...data.shape.slice(tuple)];
  check(
    shapeText(updates.shape) === shapeText(expected),
    `updates ${shapeText(updates.shape)} must be ${shapeText(expected)}`,
  );
  check(updates.dtype === data.dtype, `updates are ${updates.dtype}, the data ${data.dtype}`);
  return [{ dtype: data.dtype, shape: data.shape }];
}

export const scatterNd: OpDefinition<'ScatterND'> = {
  inferShape,
  run(op, inputs) {
    inferShape(op, inputs);
    const data = requiredInput(inputs, 0, 'data');
    const indices = requiredInput(inputs, 1, 'indices');
    const slice = elementCount(data.shape.slice(indices.shape.at(-1) ?? 0));
    const starts = slicePositions(data.shape, integersOf(indices), indices.shape, 0);
    const at = (i: number): number => starts[Math.floor(i / slice)] + (i % slice);
    return [scatter(data, requiredInput(inputs, 2, 'updates'), at, op.reduction)];
  },
};
