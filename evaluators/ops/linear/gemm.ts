/** Gemm: y [M,N] = alpha · a' · b' + beta · c, with a' = a or its transpose and c broadcast to [M,N]. */
import type { OpOf } from '../../ir/op.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { applyClamp } from '../clamp.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

interface Extent {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

function extentOf(op: Pick<OpOf<'Gemm'>, 'transA' | 'transB'>, a: TensorType, b: TensorType): Extent {
  check(
    a.shape.length === 2 && b.shape.length === 2,
    `Gemm needs matrices, got ${shapeText(a.shape)} and ${shapeText(b.shape)}`,
  );
  const [rows, inner] = op.transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [innerB, columns] = op.transB ? [b.shape[1], b.shape[0]] : b.shape;
  check(inner === innerB, `inner sizes differ: ${shapeText(a.shape)} and ${shapeText(b.shape)}`);
  return { rows, inner, columns };
}

function inferShape(op: OpOf<'Gemm'>, inputs: InputTypes): TensorType[] {
  const a = requiredInput(inputs, 0, 'a');
  const { rows, columns } = extentOf(op, a, requiredInput(inputs, 1, 'b'));
  const shape = [rows, columns];
  const c = inputs[2];
  if (c !== undefined) {
    const common = broadcastShapes(shape, c.shape);
    check(
      common.length === 2 && common[0] === rows && common[1] === columns,
      `c ${shapeText(c.shape)} does not broadcast to ${shapeText(shape)}`,
    );
  }
  return [{ dtype: a.dtype, shape }];
}

export const gemm: OpDefinition<'Gemm'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const aTensor = requiredInput(inputs, 0, 'a');
    const bTensor = requiredInput(inputs, 1, 'b');
    const { rows, inner, columns } = extentOf(op, aTensor, bTensor);
    const [a, b] = [numbersOf(aTensor), numbersOf(bTensor)];
    const c = inputs[2];
    const addend = c === undefined ? undefined : numbersOf(c);
    const at = c === undefined ? undefined : broadcastPositions(c.shape, type.shape);
    const [aRow, aStep] = op.transA ? [1, rows] : [inner, 1];
    const [bColumn, bStep] = op.transB ? [inner, 1] : [1, columns];
    const out = scratchFor(type);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[i * aRow + k * aStep] * b[j * bColumn + k * bStep];
        const y = i * columns + j;
        out[y] = op.alpha * sum + (addend === undefined || at === undefined ? 0 : op.beta * addend[at[y]]);
      }
    }
    applyClamp(out, op.clamp);
    return [tensorOf(type, out)];
  },
};
