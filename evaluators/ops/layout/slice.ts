/** Slice: output index i of an axis is input index start + i · step; start, step and size are resolved for every axis. */
import type { OpOf } from '../../ir/op.ts';
import { stridesOf } from '../../ir/tensor.ts';
import { positions } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Slice'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const rank = x.shape.length;
  check(
    op.starts.length === rank && op.steps.length === rank && op.sizes.length === rank,
    `Slice needs a start, a step and a size for each of the ${rank} axes`,
  );
  op.sizes.forEach((size, axis) => {
    const last = op.starts[axis] + (size - 1) * op.steps[axis];
    const inside =
      size === 0 || (op.starts[axis] >= 0 && op.starts[axis] < x.shape[axis] && last >= 0 && last < x.shape[axis]);
    check(size >= 0 && op.steps[axis] !== 0 && inside, `slice of axis ${axis} leaves ${shapeText(x.shape)}`);
  });
  return [{ dtype: x.dtype, shape: op.sizes }];
}

export const slice: OpDefinition<'Slice'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const strides = stridesOf(x.shape);
    const start = op.starts.reduce((sum, first, axis) => sum + first * strides[axis], 0);
    return [
      pick(
        x,
        positions(
          shape,
          strides.map((stride, axis) => stride * op.steps[axis]),
          start,
        ),
        shape,
      ),
    ];
  },
};
