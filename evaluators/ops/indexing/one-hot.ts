/** OneHot: a new axis of size `depth`, holding `on` at the index and `off` elsewhere; values = [off, on]. Indices outside get only `off`. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'OneHot'>, inputs: InputTypes): TensorType[] {
  const indices = requiredInput(inputs, 0, 'indices');
  const values = requiredInput(inputs, 1, 'values');
  check(elementCount(values.shape) === 2, 'the values must be [off, on]');
  check(Number.isInteger(op.depth) && op.depth >= 1, `depth ${op.depth} must be at least 1`);
  const axis = normalizeAxis(op.axis, indices.shape.length + 1);
  return [{ dtype: values.dtype, shape: indices.shape.toSpliced(axis, 0, op.depth) }];
}

export const oneHot: OpDefinition<'OneHot'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const indices = numbersOf(requiredInput(inputs, 0, 'indices'));
    const axis = normalizeAxis(op.axis, shape.length);
    const inner = elementCount(shape.slice(axis + 1));
    const chosen = new Int32Array(elementCount(shape));
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] < 0 ? indices[i] + op.depth : indices[i];
      if (!Number.isInteger(index) || index < 0 || index >= op.depth) continue;
      chosen[(Math.floor(i / inner) * op.depth + index) * inner + (i % inner)] = 1;
    }
    return [pick(requiredInput(inputs, 1, 'values'), chosen, shape)];
  },
};
