/** Sum, Mean, Max and Min of one or more tensors, with multidirectional broadcasting. */
import type { OpOf } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { isBigIntArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput } from '../operator.ts';

function inferShape(_op: OpOf<'Variadic'>, inputs: InputTypes): TensorType[] {
  const types = inputs.map((_, i) => requiredInput(inputs, i, `operand ${i}`));
  const first = requiredInput(types, 0, 'operand 0');
  check(
    types.every(({ dtype }) => dtype === first.dtype),
    'operands must have one type',
  );
  return [{ dtype: first.dtype, shape: broadcastShapes(...types.map(({ shape }) => shape)) }];
}

function runBigInt(fn: 'Max' | 'Min', operands: readonly Tensor[], type: TensorType): Tensor {
  const results: bigint[] = [];
  operands.forEach((operand, index) => {
    const { data } = operand;
    if (!isBigIntArray(data)) return;
    broadcastPositions(operand.shape, type.shape).forEach((position, i) => {
      const value = data[position];
      if (index === 0 || (fn === 'Max' ? value > results[i] : value < results[i])) results[i] = value;
    });
  });
  const data = type.dtype === 'uint64' ? BigUint64Array.from(results) : BigInt64Array.from(results);
  return { ...type, data } as Tensor;
}

export const variadic: OpDefinition<'Variadic'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const operands = inputs.map((_, i) => requiredInput(inputs, i, `operand ${i}`));
    if ((op.fn === 'Max' || op.fn === 'Min') && isBigIntArray(operands[0].data))
      return [runBigInt(op.fn, operands, type)];
    const result = Float64Array.from(scratchFor(type));
    operands.forEach((operand, index) => {
      const x = numbersOf(operand);
      const at = broadcastPositions(operand.shape, type.shape);
      for (let i = 0; i < result.length; i++) {
        const value = x[at[i]];
        if (index === 0) result[i] = value;
        else if (op.fn === 'Max') result[i] = Math.max(result[i], value);
        else if (op.fn === 'Min') result[i] = Math.min(result[i], value);
        else result[i] += value;
      }
    });
    if (op.fn === 'Mean') for (let i = 0; i < result.length; i++) result[i] /= operands.length;
    return [tensorOf(type, result)];
  },
};
