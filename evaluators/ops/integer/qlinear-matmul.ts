/**
 * QLinearMatMul (ONNX), MatMulInteger (ONNX) and QGemm (com.microsoft).
 *
 *   QLinearMatMul: y = requantize(Σ_k (a - aZero)(b - bZero)), M = f32(f32(aScale · bScale) / yScale)
 *   QGemm:         y = requantize(bias + a' · b'),             M = f32(f32(f32(alpha · aScale) · bScale) / yScale);
 *                  without yScale the output is float32: f32(f32(acc) · f32(f32(alpha · aScale) · bScale))
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTensors, OperatorError } from '../operator.ts';
import { integerMatMul, matMulShape } from './integer-matmul.ts';
import {
  limits,
  outputType,
  perChannel,
  type QuantizedData,
  quantizedData,
  requantize,
  required,
  scalar,
} from './requantize.ts';

function numbers(value: Tensor | undefined, fallback?: number): Float64Array {
  if (value === undefined && fallback !== undefined) return Float64Array.of(fallback);
  return Float64Array.from(required(value, 'quantization parameter').data, Number);
}

function runQLinearMatMul(op: OpOf<'QLinearMatMul'>, inputs: InputTensors): Tensor[] {
  const a = required(inputs[0], 'QLinearMatMul a');
  const b = required(inputs[3], 'QLinearMatMul b');
  const { acc, shape } = integerMatMul(
    quantizedData(a, 'QLinearMatMul a'),
    a.shape,
    numbers(inputs[2], 0),
    quantizedData(b, 'QLinearMatMul b'),
    b.shape,
    numbers(inputs[5], 0),
  );
  const aScale = numbers(inputs[1]);
  const bScale = numbers(inputs[4]);
  const yScale = scalar(inputs[6], 'QLinearMatMul yScale');
  const dtype = outputType(inputs[7], 'QLinearMatMul yZero');
  const yZero = scalar(inputs[7], 'QLinearMatMul yZero', 0);
  const range = limits(dtype, op.clamp);
  const out = allocate(dtype, acc.length);
  for (let i = 0; i < acc.length; i++) {
    const sa = aScale[aScale.length === 1 ? 0 : Math.floor(i / shape.columns) % shape.rows];
    const sb = bScale[bScale.length === 1 ? 0 : i % shape.columns];
    out[i] = requantize(acc[i], Math.fround(Math.fround(sa * sb) / yScale), yZero, range);
  }
  return [tensor(dtype, shape.output, out)];
}

function runMatMulInteger(inputs: InputTensors): Tensor[] {
  const a = required(inputs[0], 'MatMulInteger a');
  const b = required(inputs[1], 'MatMulInteger b');
  const { acc, shape } = integerMatMul(
    quantizedData(a, 'MatMulInteger a'),
    a.shape,
    numbers(inputs[2], 0),
    quantizedData(b, 'MatMulInteger b'),
    b.shape,
    numbers(inputs[3], 0),
  );
  return [tensor('int32', shape.output, acc)];
}

/** A 2-D operand transposed to [rows, columns] order, when asked. */
function oriented(data: QuantizedData, shape: readonly number[], transpose: boolean): [QuantizedData, number[]] {
  const [rows, columns] = [shape[0] ?? 1, shape[1] ?? 1];
  if (!transpose) return [data, [rows, columns]];
  const out = data.slice();
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
  return [out, [columns, rows]];
}

/** Adds the int32 bias ([J], [1,J], [I,1], [I,J] or scalar) to the accumulators. */
function addBias(acc: Int32Array, rows: number, columns: number, bias: Tensor | undefined): void {
  if (bias === undefined) return;
  const values = bias.data;
  if (!(values instanceof Int32Array)) throw new OperatorError('QGemm bias must be int32');
  const biasColumns = bias.shape.length === 0 ? 1 : (bias.shape[bias.shape.length - 1] ?? 1);
  const biasRows = values.length / biasColumns;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      acc[i * columns + j] += values[(biasRows === 1 ? 0 : i) * biasColumns + (biasColumns === 1 ? 0 : j)];
    }
  }
}

function runQGemm(op: OpOf<'QGemm'>, inputs: InputTensors): Tensor[] {
  const aTensor = required(inputs[0], 'QGemm a');
  const bTensor = required(inputs[3], 'QGemm b');
  const [a, aShape] = oriented(quantizedData(aTensor, 'QGemm a'), aTensor.shape, op.transA);
  const [b, bShape] = oriented(quantizedData(bTensor, 'QGemm b'), bTensor.shape, op.transB);
  const { acc, shape } = integerMatMul(a, aShape, numbers(inputs[2], 0), b, bShape, numbers(inputs[5], 0));
  addBias(acc, shape.rows, shape.columns, inputs[6]);
  const aScale = Math.fround(Math.fround(op.alpha) * scalar(inputs[1], 'QGemm aScale'));
  const scales = perChannel(inputs[4], shape.columns, 'QGemm bScale').map((s) => Math.fround(aScale * s));
  if (inputs[7] === undefined) {
    const out = new Float32Array(acc.length);
    for (let i = 0; i < acc.length; i++) out[i] = Math.fround(acc[i]) * scales[i % shape.columns];
    return [tensor('float32', shape.output, out)];
  }
  const yScale = scalar(inputs[7], 'QGemm yScale');
  const dtype = outputType(inputs[8], 'QGemm yZero');
  const yZero = scalar(inputs[8], 'QGemm yZero', 0);
  const range = limits(dtype, op.clamp);
  const out = allocate(dtype, acc.length);
  for (let i = 0; i < acc.length; i++) {
    out[i] = requantize(acc[i], Math.fround(scales[i % shape.columns] / yScale), yZero, range);
  }
  return [tensor(dtype, shape.output, out)];
}

function productShape(a: TensorType | undefined, b: TensorType | undefined): readonly number[] {
  return matMulShape(required(a, 'matrix a').shape, required(b, 'matrix b').shape).output;
}

export const qlinearMatMul: OpDefinition<'QLinearMatMul'> = {
  inferShape: (_op, inputs) => [
    { dtype: outputType(inputs[7], 'QLinearMatMul yZero'), shape: productShape(inputs[0], inputs[3]) },
  ],
  run: runQLinearMatMul,
};

export const matMulInteger: OpDefinition<'MatMulInteger'> = {
  inferShape: (_op, inputs) => [{ dtype: 'int32', shape: productShape(inputs[0], inputs[1]) }],
  run: (_op, inputs) => runMatMulInteger(inputs),
};

export const qgemm: OpDefinition<'QGemm'> = {
  inferShape: (op, inputs) => {
    const a = required(inputs[0], 'QGemm a').shape;
    const b = required(inputs[3], 'QGemm b').shape;
    const shape = [(op.transA ? a[1] : a[0]) ?? 1, (op.transB ? b[0] : b[1]) ?? 1];
    return [{ dtype: inputs[7] === undefined ? 'float32' : outputType(inputs[8], 'QGemm yZero'), shape }];
  },
  run: runQGemm,
};
