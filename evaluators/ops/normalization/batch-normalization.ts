/** BatchNormalization, inference: y = (x - mean) · scale / sqrt(variance + epsilon) + bias, per channel (axis 1). */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

const ROLES = ['input', 'scale', 'bias', 'mean', 'variance'] as const;

function inferShape(_op: OpOf<'BatchNormalization'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const channels = x.shape.length > 1 ? x.shape[1] : 1;
  for (let i = 1; i < ROLES.length; i++) {
    const { shape } = requiredInput(inputs, i, ROLES[i]);
    check(shape.length === 1 && shape[0] === channels, `${ROLES[i]} ${shapeText(shape)} must be [${channels}]`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
}

export const batchNormalization: OpDefinition<'BatchNormalization'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const [x, scale, bias, mean, variance] = ROLES.map((role, i) => numbersOf(requiredInput(inputs, i, role)));
    const channels = type.shape.length > 1 ? type.shape[1] : 1;
    const plane = elementCount(type.shape.slice(2));
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const c = Math.floor(i / plane) % channels;
      out[i] = ((x[i] - mean[c]) / Math.sqrt(variance[c] + op.epsilon)) * scale[c] + bias[c];
    }
    return [tensorOf(type, out)];
  },
};
