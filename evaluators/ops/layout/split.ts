/** Split along `axis` into parts of the given sizes. */
import type { OpOf } from '../../ir/op.ts';
import { stridesOf } from '../../ir/tensor.ts';
import { positions } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Split'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const axis = normalizeAxis(op.axis, x.shape.length);
  const total = op.sizes.reduce((sum, size) => sum + size, 0);
  check(
    op.sizes.every((size) => Number.isInteger(size) && size >= 0) && total === x.shape[axis],
    `sizes ${shapeText(op.sizes)} do not add up to axis ${axis} of ${shapeText(x.shape)}`,
  );
  return op.sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((old, i) => (i === axis ? size : old)) }));
}

export const split: OpDefinition<'Split'> = {
  inferShape,
  run(op, inputs) {
    const x = requiredInput(inputs, 0, 'input');
    const strides = stridesOf(x.shape);
    const axis = normalizeAxis(op.axis, x.shape.length);
    let offset = 0;
    return inferShape(op, inputs).map(({ shape }) => {
      const start = offset;
      offset += shape[axis] * strides[axis];
      return pick(x, positions(shape, strides, start), shape);
    });
  },
};
