/** GatherND: the last axis of `indices` holds index tuples into `data`; the first `batchDims` axes of both run together. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { integersOf, pick } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeIndex, requiredInput, shapeText } from '../operator.ts';

function inferShape(op: OpOf<'GatherND'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'data');
  const { shape } = requiredInput(inputs, 1, 'indices');
  const tuple = shape.at(-1);
  const fits =
    tuple !== undefined && op.batchDims >= 0 && op.batchDims < shape.length && op.batchDims + tuple <= x.shape.length;
  check(fits && tuple >= 1, `indices ${shapeText(shape)} do not fit data ${shapeText(x.shape)}`);
  check(
    shape.slice(0, op.batchDims).every((size, i) => size === x.shape[i]),
    `batch axes of ${shapeText(shape)} and ${shapeText(x.shape)} differ`,
  );
  return [{ dtype: x.dtype, shape: [...shape.slice(0, -1), ...x.shape.slice(op.batchDims + tuple)] }];
}

/** For each index tuple, the flat position of the slice it names in a tensor of `shape`. Shared with ScatterND. */
export function slicePositions(
  shape: readonly number[],
  indices: readonly number[],
  indexShape: readonly number[],
  batchDims: number,
): number[] {
  const tuple = indexShape.at(-1) ?? 0;
  const strides = stridesOf(shape);
  const count = elementCount(indexShape.slice(0, -1));
  const perBatch = elementCount(indexShape.slice(batchDims, -1));
  const batchStride = batchDims === 0 ? 0 : strides[batchDims - 1];
  return Array.from({ length: count }, (_, i) => {
    let position = perBatch === 0 ? 0 : Math.floor(i / perBatch) * batchStride;
    for (let k = 0; k < tuple; k++)
      position += normalizeIndex(indices[i * tuple + k], shape[batchDims + k]) * strides[batchDims + k];
    return position;
  });
}

export const gatherNd: OpDefinition<'GatherND'> = {
  inferShape,
  run(op, inputs) {
    const [{ shape }] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'data');
    const indices = requiredInput(inputs, 1, 'indices');
    const tuple = indices.shape.at(-1) ?? 0;
    const slice = elementCount(x.shape.slice(op.batchDims + tuple));
    const starts = slicePositions(x.shape, integersOf(indices), indices.shape, op.batchDims);
    const at = new Int32Array(elementCount(shape));
    for (let i = 0; i < at.length; i++) at[i] = starts[Math.floor(i / slice)] + (i % slice);
    return [pick(x, at, shape)];
  },
};
