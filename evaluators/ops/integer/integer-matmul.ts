/**
 * Batched integer matrix product a [.., I, K] · b [.., K, J] -> int32 [.., I, J] with ONNX MatMul broadcasting of the leading
 * axes (1-D operands get the missing axis and lose it again). Zero points are subtracted first: `aZero` scalar or one per
 * row, `bZero` scalar or one per column.
 */
import { elementCount } from '../../ir/tensor.ts';
import { OperatorError } from '../operator.ts';
import type { QuantizedData } from './requantize.ts';

export interface MatMulShape {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly output: readonly number[];
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new OperatorError(`shapes [${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

export function matMulShape(a: readonly number[], b: readonly number[]): MatMulShape {
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const rows = left[left.length - 2] ?? 1;
  const inner = left[left.length - 1] ?? 1;
  const columns = right[right.length - 1] ?? 1;
  if (right[right.length - 2] !== inner)
    throw new OperatorError(`matrix product of [${a}] and [${b}]: inner sizes differ`);
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
  const output = [...batch];
  if (a.length > 1) output.push(rows);
  if (b.length > 1) output.push(columns);
  return { batch, rows, inner, columns, output };
}

/** For each batch index, the index of the matrix in an operand whose leading axes are `lead`. */
function batchIndex(batch: readonly number[], lead: readonly number[]): Int32Array {
  const result = new Int32Array(elementCount(batch));
  const offset = batch.length - lead.length;
  for (let i = 0; i < result.length; i++) {
    let rest = i;
    let index = 0;
    let stride = 1;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const position = rest % batch[axis];
      rest = Math.floor(rest / batch[axis]);
      if (axis < offset) continue;
      const size = lead[axis - offset];
      if (size !== 1) index += position * stride;
      stride *= size;
    }
    result[i] = index;
  }
  return result;
}

export function integerMatMul(
  a: QuantizedData,
  aShape: readonly number[],
  aZero: Float64Array,
  b: QuantizedData,
  bShape: readonly number[],
  bZero: Float64Array,
): { readonly acc: Int32Array; readonly shape: MatMulShape } {
  const shape = matMulShape(aShape, bShape);
  const { batch, rows, inner, columns } = shape;
  const aIndex = batchIndex(batch, aShape.slice(0, -2));
  const bIndex = batchIndex(batch, bShape.slice(0, -2));
  const acc = new Int32Array(elementCount(batch) * rows * columns);
  for (let n = 0; n < aIndex.length; n++) {
    for (let i = 0; i < rows; i++) {
      const aRow = (aIndex[n] * rows + i) * inner;
      const zero = aZero[aZero.length === 1 ? 0 : i];
      for (let j = 0; j < columns; j++) {
        const bColumn = bIndex[n] * inner * columns + j;
        const columnZero = bZero[bZero.length === 1 ? 0 : j];
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += (a[aRow + k] - zero) * (b[bColumn + k * columns] - columnZero);
        acc[(n * rows + i) * columns + j] = sum;
      }
    }
  }
  return { acc, shape };
}
