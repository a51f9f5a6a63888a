/** InstanceNormalization: every channel plane standardized, then times scale[c] plus bias[c]. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { standardize } from './standardize.ts';

function inferShape(_op: OpOf<'InstanceNormalization'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length >= 2, `input ${shapeText(x.shape)} needs a batch and a channel axis`);
  for (const [i, role] of ['scale', 'bias'].entries()) {
    const { shape } = requiredInput(inputs, i + 1, role);
    check(shape.length === 1 && shape[0] === x.shape[1], `${role} ${shapeText(shape)} must be [${x.shape[1]}]`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const instanceNormalization: OpDefinition<'InstanceNormalization'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const [scale, bias] = [numbersOf(requiredInput(inputs, 1, 'scale')), numbersOf(requiredInput(inputs, 2, 'bias'))];
    const plane = elementCount(type.shape.slice(2));
    const { values } = standardize(numbersOf(requiredInput(inputs, 0, 'input')), plane, op.epsilon);
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const c = Math.floor(i / plane) % type.shape[1];
      out[i] = values[i] * scale[c] + bias[c];
    }
    return [tensorOf(type, out)];
  },
};
