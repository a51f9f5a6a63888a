/** LRN: y = x / (bias + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'LRN'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length >= 2, `input ${shapeText(x.shape)} needs a batch and a channel axis`);
  check(op.size >= 1, `size ${op.size} must be at least 1`);
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const lrn: OpDefinition<'LRN'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const x = numbersOf(requiredInput(inputs, 0, 'input'));
    const channels = type.shape[1];
    const plane = elementCount(type.shape.slice(2));
    const [before, after] = [Math.floor((op.size - 1) / 2), Math.ceil((op.size - 1) / 2)];
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const c = Math.floor(i / plane) % channels;
      let squares = 0;
      for (let d = -Math.min(before, c); d <= Math.min(after, channels - 1 - c); d++) squares += x[i + d * plane] ** 2;
      out[i] = x[i] / (op.bias + (op.alpha / op.size) * squares) ** op.beta;
    }
    return [tensorOf(type, out)];
  },
};
