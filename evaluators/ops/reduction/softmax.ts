/** Softmax and LogSoftmax along `axis`; with `flatten` (opset < 13) over all axes from `axis` on. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';

function inferShape(op: OpOf<'Softmax'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  normalizeAxis(op.axis, x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const softmax: OpDefinition<'Softmax'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const x = numbersOf(requiredInput(inputs, 0, 'input'));
    const axis = normalizeAxis(op.axis, type.shape.length);
    const count = op.flatten ? elementCount(type.shape.slice(axis)) : type.shape[axis];
    const step = op.flatten ? 1 : elementCount(type.shape.slice(axis + 1));
    const out = scratchFor(type);
    for (let group = 0; group < out.length / Math.max(count, 1); group++) {
      const start = Math.floor(group / step) * step * count + (group % step);
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < count; i++) largest = Math.max(largest, x[start + i * step]);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += Math.exp(x[start + i * step] - largest);
      for (let i = 0; i < count; i++) {
        const shifted = x[start + i * step] - largest;
        out[start + i * step] = op.log ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
      }
    }
    return [tensorOf(type, out)];
  },
};
