/** CumSum and CumProd along one axis, optionally exclusive (the element itself left out) or from the end. */
import type { OpOf } from '../../ir/op.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';
import { eachLine } from './lines.ts';

function inferShape(op: OpOf<'CumSum'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  normalizeAxis(op.axis, x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const cumSum: OpDefinition<'CumSum'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const x = numbersOf(requiredInput(inputs, 0, 'input'));
    const axis = normalizeAxis(op.axis, type.shape.length);
    const count = type.shape[axis];
    const out = scratchFor(type);
    eachLine(type.shape, axis, (start, step) => {
      const isProduct = op.product === true;
      let total = isProduct ? 1 : 0;
      for (let i = 0; i < count; i++) {
        const at = start + (op.reverse ? count - 1 - i : i) * step;
        const next = isProduct ? total * x[at] : total + x[at];
        out[at] = op.exclusive ? total : next;
        total = next;
      }
    });
    return [tensorOf(type, out)];
  },
};
