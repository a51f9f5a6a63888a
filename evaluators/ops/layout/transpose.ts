/** Transpose: output axis i is input axis perm[i]. */
import type { OpOf } from '../../ir/op.ts';
import { stridesOf } from '../../ir/tensor.ts';
import { positions } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Transpose'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const sorted = [...op.perm].sort((a, b) => a - b);
  check(
    op.perm.length === x.shape.length && sorted.every((axis, i) => axis === i),
    `perm ${shapeText(op.perm)} is no permutation of the ${x.shape.length} axes`,
  );
  return [{ dtype: x.dtype, shape: op.perm.map((axis) => x.shape[axis]) }];
}

export const transpose: OpDefinition<'Transpose'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const strides = stridesOf(x.shape);
    return [
      pick(
        x,
        positions(
          shape,
          op.perm.map((axis) => strides[axis]),
        ),
        shape,
      ),
    ];
  },
};
