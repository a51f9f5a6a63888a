/** GatherElements: y[i, j, …] = x with the index of `axis` replaced by indices[i, j, …]. */
import type { OpOf } from '../../ir/op.ts';
import { stridesOf } from '../../ir/tensor.ts';
import { positions } from '../broadcast.ts';
import { integersOf, pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, normalizeIndex, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'GatherElements'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'data');
  const { shape } = requiredInput(inputs, 1, 'indices');
  const axis = normalizeAxis(op.axis, x.shape.length);
  const fits = shape.length === x.shape.length && shape.every((size, i) => i === axis || size <= x.shape[i]);
  check(fits, `indices ${shapeText(shape)} do not fit data ${shapeText(x.shape)}`);
  return [{ dtype: x.dtype, shape }];
}

/** Flat position in a tensor of `shape` of each index of `indices`, the index of `axis` replaced. Shared with ScatterElements. */
export function elementPositions(
  shape: readonly number[],
  axis: number,
  indices: readonly number[],
  indexShape: readonly number[],
): Int32Array {
  const strides = stridesOf(shape);
  const base = positions(
    indexShape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  return base.map((start, i) => start + normalizeIndex(indices[i], shape[axis]) * strides[axis]);
}

export const gatherElements: OpDefinition<'GatherElements'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'data');
    const indices = integersOf(requiredInput(inputs, 1, 'indices'));
    return [pick(x, elementPositions(x.shape, normalizeAxis(op.axis, x.shape.length), indices, shape), shape)];
  },
};
