/** How much computing a constant would cost, so that a hostile file cannot keep the importer busy for hours. */
import type { Op } from '../ir/op.ts';
import { elementCount } from '../ir/tensor.ts';
import type { TensorType } from '../ops/op-definition.ts';
import type { InputTypes } from '../ops/operator.ts';

const countOf = (type: TensorType | undefined): number => (type === undefined ? 0 : elementCount(type.shape));

/** Elementary operations, roughly: multiply-accumulates, or elements read and written. */
export function foldingWork(op: Op, inputs: InputTypes, outputs: readonly TensorType[]): number {
  const written = outputs.reduce((sum, type) => sum + countOf(type), 0);
  const read = inputs.reduce((sum, type) => sum + countOf(type), 0);
  const [first, second] = [countOf(inputs[0]), countOf(inputs[1])];
  switch (op.kind) {
    case 'MatMul':
    case 'MatMulInteger':
      return written * (inputs[0]?.shape.at(-1) ?? 1);
    case 'Gemm':
      return (written * (first + second)) / Math.max(1, Math.min(...(outputs[0]?.shape ?? [1])));
    case 'Conv':
    case 'ConvInteger':
      return (written * second) / Math.max(1, inputs[1]?.shape[0] ?? 1);
    case 'ConvTranspose':
      return (first * second) / Math.max(1, inputs[1]?.shape[0] ?? 1);
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
      return written * elementCount(op.kernelShape);
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      return elementCount(inputs[0]?.shape.slice(0, 2) ?? []) * (second + countOf(inputs[2]));
    case 'LRN':
      return written * op.size;
    default:
      return read + written;
  }
}
