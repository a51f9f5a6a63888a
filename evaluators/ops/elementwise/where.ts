/** Where: condition ? a : b, element by element, with multidirectional broadcasting. */
import { allocate, type TypedArray } from '../../ir/dtype.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { numbersOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput } from '../operator.ts';

function inferShape(_op: unknown, inputs: InputTypes): TensorType[] {
  const [condition, a, b] = [0, 1, 2].map((i) => requiredInput(inputs, i, ['condition', 'a', 'b'][i]));
  check(condition.dtype === 'bool', `the condition is ${condition.dtype}, it must be bool`);
  check(a.dtype === b.dtype, `operands are ${a.dtype} and ${b.dtype}; they must have one type`);
  return [{ dtype: a.dtype, shape: broadcastShapes(condition.shape, a.shape, b.shape) }];
}

export const where: OpDefinition<'Where'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const condition = requiredInput(inputs, 0, 'condition');
    const [a, b] = [requiredInput(inputs, 1, 'a'), requiredInput(inputs, 2, 'b')];
    const chosen = numbersOf(condition);
    const at = [condition, a, b].map(({ shape }) => broadcastPositions(shape, type.shape));
    const data: TypedArray = allocate(type.dtype, elementCount(type.shape));
    for (let i = 0; i < data.length; i++) {
      data[i] = chosen[at[0][i]] !== 0 ? a.data[at[1][i]] : b.data[at[2][i]];
    }
    return [{ ...type, data } as Tensor];
  },
};
