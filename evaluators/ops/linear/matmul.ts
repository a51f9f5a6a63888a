/** MatMul: a [.., M, K] · b [.., K, N] -> [.., M, N]; leading axes broadcast; a 1-D operand gets its missing axis and loses it again. */
import { elementCount } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { applyClamp } from '../clamp.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function extentOf(aShape: readonly number[], bShape: readonly number[]) {
  check(aShape.length >= 1 && bShape.length >= 1, 'MatMul needs operands of at least one axis');
  const left = aShape.length === 1 ? [1, ...aShape] : aShape;
  const right = bShape.length === 1 ? [...bShape, 1] : bShape;
  const [rows, inner] = left.slice(-2);
  const [innerB, columns] = right.slice(-2);
  check(inner === innerB, `inner sizes differ: ${shapeText(aShape)} and ${shapeText(bShape)}`);
  const leftLead = left.slice(0, -2);
  const rightLead = right.slice(0, -2);
  const batch = broadcastShapes(leftLead, rightLead);
  const shape = [...batch];
  if (aShape.length > 1) shape.push(rows);
  if (bShape.length > 1) shape.push(columns);
  return { rows, inner, columns, batch, leftLead, rightLead, shape };
}

function inferShape(_op: unknown, inputs: InputTypes): TensorType[] {
  const a = requiredInput(inputs, 0, 'a');
  return [{ dtype: a.dtype, shape: extentOf(a.shape, requiredInput(inputs, 1, 'b').shape).shape }];
}

export const matMul: OpDefinition<'MatMul'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const aTensor = requiredInput(inputs, 0, 'a');
    const bTensor = requiredInput(inputs, 1, 'b');
    const { rows, inner, columns, batch, leftLead, rightLead } = extentOf(aTensor.shape, bTensor.shape);
    const [a, b] = [numbersOf(aTensor), numbersOf(bTensor)];
    const aAt = broadcastPositions(leftLead, batch);
    const bAt = broadcastPositions(rightLead, batch);
    const out = scratchFor(type);
    const sums = new Float64Array(columns);
    for (let n = 0; n < elementCount(batch); n++) {
      for (let i = 0; i < rows; i++) {
        sums.fill(0);
        for (let k = 0; k < inner; k++) {
          const factor = a[(aAt[n] * rows + i) * inner + k];
          const row = (bAt[n] * inner + k) * columns;
          for (let j = 0; j < columns; j++) sums[j] += factor * b[row + j];
        }
        out.set(sums, (n * rows + i) * columns);
      }
    }
    applyClamp(out, op.clamp);
    return [tensorOf(type, out)];
  },
};
