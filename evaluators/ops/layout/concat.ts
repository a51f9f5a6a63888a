/** Concat of one or more tensors along `axis`. */
import { allocate, type TypedArray } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { isBigIntArray } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Concat'>, inputs: InputTypes): TensorType[] {
  const types = inputs.map((_, i) => requiredInput(inputs, i, `part ${i}`));
  const first = requiredInput(types, 0, 'part 0');
  const axis = normalizeAxis(op.axis, first.shape.length);
  let total = 0;
  for (const { dtype, shape } of types) {
    const fits = shape.length === first.shape.length && shape.every((size, i) => i === axis || size === first.shape[i]);
    check(fits, `cannot join ${shapeText(first.shape)} and ${shapeText(shape)} along axis ${axis}`);
    check(dtype === first.dtype, `cannot join ${first.dtype} and ${dtype}`);
    total += shape[axis];
  }
  return [{ dtype: first.dtype, shape: first.shape.map((size, i) => (i === axis ? total : size)) }];
}

export const concat: OpDefinition<'Concat'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const axis = normalizeAxis(op.axis, type.shape.length);
    const data: TypedArray = allocate(type.dtype, elementCount(type.shape));
    const row = elementCount(type.shape.slice(axis));
    const rows = elementCount(type.shape.slice(0, axis));
    let offset = 0;
    inputs.forEach((_, i) => {
      const part = requiredInput(inputs, i, `part ${i}`);
      const source: TypedArray = part.data;
      const length = elementCount(part.shape.slice(axis));
      for (let r = 0; r < rows; r++) {
        const piece = source.subarray(r * length, (r + 1) * length);
        if (isBigIntArray(data) && isBigIntArray(piece)) data.set(piece, r * row + offset);
        else if (!isBigIntArray(data) && !isBigIntArray(piece)) data.set(piece, r * row + offset);
      }
      offset += length;
    });
    return [{ ...type, data } as Tensor];
  },
};
