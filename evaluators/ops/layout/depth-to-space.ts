/** DepthToSpace: channels spread over blocks of B × B pixels; DCR takes the block position from the outer channels, CRD from the inner. */
import type { OpOf } from '../../ir/op.ts';
import { positions } from '../broadcast.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'DepthToSpace'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  check(x.shape.length === 4, `input ${shapeText(x.shape)} must have 4 axes`);
  const [batch, channels, height, width] = x.shape;
  const b = op.blockSize;
  check(b >= 1 && channels % (b * b) === 0, `${channels} channels cannot fill blocks of ${b} × ${b}`);
  return [{ dtype: x.dtype, shape: [batch, channels / (b * b), height * b, width * b] }];
}

export const depthToSpace: OpDefinition<'DepthToSpace'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const [, , height, width] = x.shape;
    const [batch, depth] = shape;
    const b = op.blockSize;
    const plane = height * width;
    const [depthStride, rowStride, columnStride] =
      op.mode === 'DCR' ? [plane, b * depth * plane, depth * plane] : [b * b * plane, b * plane, plane];
    const order = positions(
      [batch, depth, height, b, width, b],
      [x.shape[1] * plane, depthStride, width, rowStride, 1, columnStride],
    );
    return [pick(x, order, shape)];
  },
};
