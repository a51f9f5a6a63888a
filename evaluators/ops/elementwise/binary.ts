/** Binary: y = fn(a, b) with multidirectional broadcasting; PRelu's slope broadcasts to x. Comparisons and logic give bool. */
import { isFloat } from '../../ir/dtype.ts';
import type { BinaryFunction, OpOf } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { applyClamp } from '../clamp.ts';
import { isBigIntArray, type NumberArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { BINARY, BINARY_BIGINT, type NumberFunction } from './binary-functions.ts';

const GIVES_BOOL: ReadonlySet<BinaryFunction> = new Set<BinaryFunction>([
  'And',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Or',
  'Xor',
]);

function inferShape(op: OpOf<'Binary'>, inputs: InputTypes): TensorType[] {
  const a = requiredInput(inputs, 0, 'a');
  const b = requiredInput(inputs, 1, 'b');
  const shape = broadcastShapes(a.shape, b.shape);
  check(op.fn === 'Pow' || a.dtype === b.dtype, `operands are ${a.dtype} and ${b.dtype}; they must have one type`);
  if (op.fn === 'PRelu') {
    const same = shape.length === a.shape.length && shape.every((size, axis) => size === a.shape[axis]);
    check(same, `slope ${shapeText(b.shape)} does not broadcast to ${shapeText(a.shape)}`);
  }
  return [{ dtype: GIVES_BOOL.has(op.fn) ? 'bool' : a.dtype, shape }];
}

/** Integer division truncates towards zero, and gives zero for a zero divisor instead of trapping. */
function numberFunction(op: OpOf<'Binary'>, a: TensorType): NumberFunction {
  if (op.fn === 'Div' && !isFloat(a.dtype)) return (x, y) => (y === 0 ? 0 : Math.trunc(x / y));
  return BINARY[op.fn];
}

function fill(out: NumberArray, a: NumberArray, b: NumberArray, at: readonly Int32Array[], fn: NumberFunction): void {
  const [aAt, bAt] = at;
  for (let i = 0; i < out.length; i++) out[i] = fn(a[aAt[i]], b[bAt[i]]);
}

export const binary: OpDefinition<'Binary'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const a = requiredInput(inputs, 0, 'a');
    const b = requiredInput(inputs, 1, 'b');
    const at = [broadcastPositions(a.shape, type.shape), broadcastPositions(b.shape, type.shape)];
    const exact = BINARY_BIGINT[op.fn];
    if (exact !== undefined && isBigIntArray(a.data) && isBigIntArray(b.data)) {
      const [x, y] = [a.data, b.data];
      const results = Array.from(at[0], (position, i) => exact(x[position], y[at[1][i]]));
      if (type.dtype === 'bool') return [tensorOf(type, Uint8Array.from(results, Number))];
      const data = type.dtype === 'uint64' ? BigUint64Array.from(results) : BigInt64Array.from(results);
      return [{ ...type, data } as Tensor];
    }
    const out = scratchFor(type);
    fill(out, numbersOf(a), numbersOf(b), at, numberFunction(op, a));
    applyClamp(out, op.clamp);
    return [tensorOf(type, out)];
  },
};
