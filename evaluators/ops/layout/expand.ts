/** Expand: broadcasts the input with `shape` (multidirectional: a 1 in `shape` keeps the input's size). */
import type { OpOf } from '../../ir/op.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'Expand'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  return [{ dtype: x.dtype, shape: broadcastShapes(x.shape, op.shape) }];
}

export const expand: OpDefinition<'Expand'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    return [pick(x, broadcastPositions(x.shape, shape), shape)];
  },
};
