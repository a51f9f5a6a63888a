/** SpaceToDepth: blocks of B × B pixels become channels, the block position outermost. */
import type { OpOf } from '../../ir/op.ts';
import { positions } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'SpaceToDepth'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length === 4, `input ${shapeText(x.shape)} must have 4 axes`);
  const [batch, channels, height, width] = x.shape;
  const b = op.blockSize;
  check(
    b >= 1 && height % b === 0 && width % b === 0,
    `${height} × ${width} pixels cannot be cut into blocks of ${b} × ${b}`,
  );
  return [{ dtype: x.dtype, shape: [batch, channels * b * b, height / b, width / b] }];
}

export const spaceToDepth: OpDefinition<'SpaceToDepth'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const [batch, channels, height, width] = x.shape;
    const b = op.blockSize;
    const sizes = [batch, b, b, channels, height / b, width / b];
    return [pick(x, positions(sizes, [channels * height * width, width, 1, height * width, b * width, b]), shape)];
  },
};
