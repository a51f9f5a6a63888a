/** TopK along one axis: the k largest (or smallest) values and their int64 indices; equal values in order of their index. */
import type { OpOf } from '../../ir/op.ts';
import { isBigIntArray, numbersOf, pick, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput } from '../operator.ts';
import { eachLine } from './lines.ts';

function inferShape(op: OpOf<'TopK'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const axis = normalizeAxis(op.axis, x.shape.length);
  check(
    Number.isInteger(op.k) && op.k >= 0 && op.k <= x.shape[axis],
    `k is ${op.k}, axis ${axis} has ${x.shape[axis]} elements`,
  );
  const shape = x.shape.map((size, i) => (i === axis ? op.k : size));
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
}

export const topK: OpDefinition<'TopK'> = {
  inferShape,
  run(op, inputs) {
    const [type, indexType] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const exact = input.data;
    const x = numbersOf(input);
    const axis = normalizeAxis(op.axis, input.shape.length);
    const indices = scratchFor(indexType);
    const positions = new Int32Array(indices.length);
    const compare = (a: number, b: number): number => {
      const less = isBigIntArray(exact) ? exact[a] < exact[b] : x[a] < x[b];
      const more = isBigIntArray(exact) ? exact[a] > exact[b] : x[a] > x[b];
      return less ? -1 : more ? 1 : 0;
    };
    eachLine(input.shape, axis, (start, step, line) => {
      const order = Array.from({ length: input.shape[axis] }, (_, i) => i);
      order.sort((a, b) => (op.largest ? -1 : 1) * compare(start + a * step, start + b * step) || a - b);
      const outStart = Math.floor(line / step) * step * op.k + (line % step);
      order.slice(0, op.k).forEach((index, i) => {
        indices[outStart + i * step] = index;
        positions[outStart + i * step] = start + index * step;
      });
    });
    return [pick(input, positions, type.shape), tensorOf(indexType, indices)];
  },
};
