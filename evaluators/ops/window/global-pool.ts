/** GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one value per channel plane; spatial axes become 1. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { type NumberArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(_op: OpOf<'GlobalPool'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length >= 2, `input ${shapeText(x.shape)} needs a batch and a channel axis`);
  check(
    x.shape.slice(2).every((size) => size > 0),
    `input ${shapeText(x.shape)} has no elements to pool`,
  );
  return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => (axis < 2 ? size : 1)) }];
}

function pool(op: OpOf<'GlobalPool'>, x: NumberArray, start: number, count: number): number {
  let result = op.fn === 'Max' ? Number.NEGATIVE_INFINITY : 0;
  for (let i = start; i < start + count; i++) {
    if (op.fn === 'Max') result = Math.max(result, x[i]);
    else result += op.fn === 'Lp' ? Math.abs(x[i]) ** op.p : x[i];
  }
  if (op.fn === 'Max') return result;
  return op.fn === 'Lp' ? result ** (1 / op.p) : result / count;
}

export const globalPool: OpDefinition<'GlobalPool'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const plane = elementCount(input.shape.slice(2));
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) out[i] = pool(op, x, i * plane, plane);
    return [tensorOf(type, out)];
  },
};
