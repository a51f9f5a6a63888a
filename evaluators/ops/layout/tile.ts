/** Tile: repeats the input `repeats[axis]` times along each axis. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Tile'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(
    op.repeats.length === x.shape.length && op.repeats.every((r) => Number.isInteger(r) && r >= 0),
    `repeats ${shapeText(op.repeats)} do not fit ${shapeText(x.shape)}`,
  );
  return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => size * op.repeats[axis]) }];
}

export const tile: OpDefinition<'Tile'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const strides = stridesOf(x.shape);
    const outStrides = stridesOf(shape);
    const indices = new Int32Array(elementCount(shape));
    for (let i = 0; i < indices.length; i++) {
      for (let axis = 0; axis < shape.length; axis++) {
        indices[i] += (Math.floor(i / outStrides[axis]) % x.shape[axis]) * strides[axis];
      }
    }
    return [pick(x, indices, shape)];
  },
};
