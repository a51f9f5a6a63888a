/** ScatterElements: a copy of `data` with updates[i, j, …] written where the index of `axis` is indices[i, j, …]. */
import type { OpOf } from '../../ir/op.ts';
import { integersOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput, shapeText } from '../operator.ts';
import { elementPositions } from './gather-elements.ts';
import { scatter } from './scatter.ts';

function inferShape(op: OpOf<'ScatterElements'>, inputs: InputTypes): TensorType[] {
  const data = requiredInput(inputs, 0, 'data');
  const indices = requiredInput(inputs, 1, 'indices');
  const updates = requiredInput(inputs, 2, 'updates');
  normalizeAxis(op.axis, data.shape.length);
  check(
    indices.shape.length === data.shape.length,
    `indices ${shapeText(indices.shape)} do not fit data ${shapeText(data.shape)}`,
  );
  check(
    shapeText(indices.shape) === shapeText(updates.shape),
    `indices ${shapeText(indices.shape)} and updates ${shapeText(updates.shape)} differ`,
  );
  check(updates.dtype === data.dtype, `updates are ${updates.dtype}, the data ${data.dtype}`);
  return [{ dtype: data.dtype, shape: data.shape }];
}

export const scatterElements: OpDefinition<'ScatterElements'> = {
  inferShape,
  run(op, inputs) {
    inferShape(op, inputs);
    const data = requiredInput(inputs, 0, 'data');
    const indices = requiredInput(inputs, 1, 'indices');
    const axis = normalizeAxis(op.axis, data.shape.length);
    const at = elementPositions(data.shape, axis, integersOf(indices), indices.shape);
    return [scatter(data, requiredInput(inputs, 2, 'updates'), (i) => at[i], op.reduction)];
  },
};
