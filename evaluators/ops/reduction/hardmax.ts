/** Hardmax: 1 at the first largest element along `axis`, 0 elsewhere; with `flatten` (opset < 13) over all axes from `axis` on. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';
import { eachLine } from './lines.ts';

function inferShape(op: OpOf<'Hardmax'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  normalizeAxis(op.axis, x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const hardmax: OpDefinition<'Hardmax'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const x = numbersOf(requiredInput(inputs, 0, 'input'));
    const axis = normalizeAxis(op.axis, type.shape.length);
    const shape = op.flatten ? [...type.shape.slice(0, axis), elementCount(type.shape.slice(axis))] : type.shape;
    const out = scratchFor(type);
    eachLine(shape, axis, (start, step) => {
      let best = 0;
      for (let i = 1; i < shape[axis]; i++) if (x[start + i * step] > x[start + best * step]) best = i;
      if (shape[axis] > 0) out[start + best * step] = 1;
    });
    return [tensorOf(type, out)];
  },
};
