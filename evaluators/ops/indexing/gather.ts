/** Gather: y[.., indices.., ..] = x[.., indices[..], ..] along `axis`; negative indices count from the end. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { integersOf, pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, normalizeIndex, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'Gather'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'data');
  const indices = requiredInput(inputs, 1, 'indices');
  const axis = normalizeAxis(op.axis, x.shape.length);
  check(
    indices.dtype === 'int64' || indices.dtype === 'int32',
    `indices are ${indices.dtype}; they must be int32 or int64`,
  );
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
}

export const gather: OpDefinition<'Gather'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'data');
    const axis = normalizeAxis(op.axis, x.shape.length);
    const indices = integersOf(requiredInput(inputs, 1, 'indices')).map((i) => normalizeIndex(i, x.shape[axis]));
    const inner = stridesOf(x.shape)[axis];
    const outer = elementCount(x.shape.slice(0, axis));
    const at = new Int32Array(elementCount(shape));
    let out = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices) {
        for (let i = 0; i < inner; i++) at[out++] = (o * x.shape[axis] + index) * inner + i;
      }
    }
    return [pick(x, at, shape)];
  },
};
