/** Multidirectional broadcasting (ONNX docs/Broadcasting.md) and the element order it implies. */
import { elementCount, stridesOf } from '../ir/tensor.ts';
import { OperatorError, shapeText } from './operator.ts';

/** The common shape of `shapes`; throws when two sizes of an axis differ and neither is 1. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      if (shape[i] === 1) continue;
      if (result[axis] !== 1 && result[axis] !== shape[i]) {
        throw new OperatorError(`shapes ${shapes.map(shapeText).join(' and ')} do not broadcast together`);
      }
      result[axis] = shape[i];
    }
  }
  return result;
}

/** For each axis of `target`, how far one step goes in a tensor of `shape` (0 where it is broadcast). */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  const offset = target.length - shape.length;
  return target.map((_, axis) => (axis < offset || shape[axis - offset] === 1 ? 0 : own[axis - offset]));
}

/** For each element of `shape` in row-major order, the position `offset + Σ index · strides`. */
export function positions(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  const result = new Int32Array(elementCount(shape));
  const index = new Int32Array(shape.length);
  let position = offset;
  for (let i = 0; i < result.length; i++) {
    result[i] = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis];
      if (++index[axis] < shape[axis]) break;
      position -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Position in a tensor of `shape` of each element of the broadcast shape `target`. */
export function broadcastPositions(shape: readonly number[], target: readonly number[]): Int32Array {
  return positions(target, broadcastStrides(shape, target));
}
