/** Reshape: the same elements under a fully known shape. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { withShape } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Reshape'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(
    op.shape.every((size) => Number.isInteger(size) && size >= 0) && elementCount(op.shape) === elementCount(x.shape),
    `cannot reshape ${shapeText(x.shape)} to ${shapeText(op.shape)}`,
  );
  return [{ dtype: x.dtype, shape: op.shape }];
}

export const reshape: OpDefinition<'Reshape'> = {
  inferShape,
  run(op, inputs) {
    inferShape(op, inputs);
    return [withShape(requiredInput(inputs, 0, 'input'), op.shape)];
  },
};
