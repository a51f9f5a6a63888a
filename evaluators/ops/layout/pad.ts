/** Pad: constant, reflect, edge or wrap; negative pads crop. The optional second input is the fill value of `constant`. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'Pad'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const rank = x.shape.length;
  check(
    op.pads.length === 2 * rank,
    `pads ${shapeText(op.pads)} must have ${2 * rank} entries for ${shapeText(x.shape)}`,
  );
  const shape = x.shape.map((size, axis) => size + op.pads[axis] + op.pads[axis + rank]);
  check(
    shape.every((size) => size >= 0),
    `pads ${shapeText(op.pads)} crop more than ${shapeText(x.shape)} has`,
  );
  x.shape.forEach((size, axis) => {
    const widest = Math.max(op.pads[axis], op.pads[axis + rank]);
    if (op.mode === 'reflect')
      check(widest <= 0 || widest < size, `reflecting ${widest} elements needs more than ${size} on axis ${axis}`);
    if (op.mode !== 'constant') check(widest <= 0 || size > 0, `axis ${axis} has no elements to repeat`);
  });
  return [{ dtype: x.dtype, shape }];
}

/** The input index that output index i of an axis shows; -1 = the fill value. */
function sourceIndex(mode: OpOf<'Pad'>['mode'], i: number, size: number): number {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case 'constant':
      return -1;
    case 'edge':
      return i < 0 ? 0 : size - 1;
    case 'wrap':
      return ((i % size) + size) % size;
    case 'reflect':
      return i < 0 ? -i : 2 * (size - 1) - i;
  }
}

export const pad: OpDefinition<'Pad'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'input');
    const strides = stridesOf(x.shape);
    const outStrides = stridesOf(shape);
    const maps = shape.map((size, axis) =>
      Int32Array.from({ length: size }, (_, i) => sourceIndex(op.mode, i - op.pads[axis], x.shape[axis])),
    );
    const indices = new Int32Array(elementCount(shape));
    for (let i = 0; i < indices.length; i++) {
      let position = 0;
      for (let axis = 0; axis < shape.length && position >= 0; axis++) {
        const index = maps[axis][Math.floor(i / outStrides[axis]) % shape[axis]];
        position = index < 0 ? -1 : position + index * strides[axis];
      }
      indices[i] = position;
    }
    const fill = inputs[1]?.data[0];
    return [pick(x, indices, shape, fill ?? 0)];
  },
};
