/** Trilu: the upper or lower triangle of the last two axes relative to diagonal k; the rest becomes 0. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(_op: OpOf<'Trilu'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length >= 2, `input ${shapeText(x.shape)} needs two axes`);
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const trilu: OpDefinition<'Trilu'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const [rows, columns] = shape.slice(-2);
    const kept = Int32Array.from({ length: elementCount(shape) }, (_, i) => {
      const distance = (i % columns) - (Math.floor(i / columns) % rows);
      return (op.upper ? distance >= op.k : distance <= op.k) ? i : -1;
    });
    return [pick(requiredInput(inputs, 0, 'input'), kept, shape)];
  },
};
