/** GroupNormalization: channels in `groups` groups, each standardized; scale and bias per channel (opset 21) or per group (opset 18). */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { standardize } from './standardize.ts';

function inferShape(op: OpOf<'GroupNormalization'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length >= 2, `input ${shapeText(x.shape)} needs a batch and a channel axis`);
  const channels = x.shape[1];
  check(op.groups >= 1 && channels % op.groups === 0, `${channels} channels cannot be split into ${op.groups} groups`);
  const expected = op.perChannelScale ? channels : op.groups;
  for (const [i, role] of ['scale', 'bias'].entries()) {
    const { shape } = requiredInput(inputs, i + 1, role);
    check(shape.length === 1 && shape[0] === expected, `${role} ${shapeText(shape)} must be [${expected}]`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const groupNormalization: OpDefinition<'GroupNormalization'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const [scale, bias] = [numbersOf(requiredInput(inputs, 1, 'scale')), numbersOf(requiredInput(inputs, 2, 'bias'))];
    const channels = type.shape[1];
    const plane = elementCount(type.shape.slice(2));
    const perGroup = channels / op.groups;
    const { values } = standardize(numbersOf(requiredInput(inputs, 0, 'input')), plane * perGroup, op.epsilon);
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const channel = Math.floor(i / plane) % channels;
      const parameter = op.perChannelScale ? channel : Math.floor(channel / perGroup);
      out[i] = values[i] * scale[parameter] + bias[parameter];
    }
    return [tensorOf(type, out)];
  },
};
