/** ArgMax and ArgMin along one axis: int64 index of the first (or last) extreme element. */
import type { OpOf } from '../../ir/op.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';
import { eachLine } from './lines.ts';

function inferShape(op: OpOf<'ArgReduce'>, inputs: InputTypes): TensorType[] {
  const { shape } = requiredInput(inputs, 0, 'input');
  const axis = normalizeAxis(op.axis, shape.length);
  check(shape[axis] > 0, `axis ${axis} has no elements`);
  return [
    { dtype: 'int64', shape: op.keepDims ? shape.map((size, i) => (i === axis ? 1 : size)) : shape.toSpliced(axis, 1) },
  ];
}

export const argReduce: OpDefinition<'ArgReduce'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const axis = normalizeAxis(op.axis, input.shape.length);
    const sign = op.fn === 'ArgMax' ? 1 : -1;
    const out = scratchFor(type);
    eachLine(input.shape, axis, (start, step, line) => {
      let best = 0;
      for (let i = 1; i < input.shape[axis]; i++) {
        const gain = sign * (x[start + i * step] - x[start + best * step]);
        if (gain > 0 || (gain === 0 && op.selectLast)) best = i;
      }
      out[line] = best;
    });
    return [tensorOf(type, out)];
  },
};
