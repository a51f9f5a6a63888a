/** Unary: y = fn(x), element by element. IsInf, IsNaN and Not give bool; 64-bit integers are exact for Abs, Neg, Sign, BitwiseNot, Relu. */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf, UnaryFunction } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { isBigIntArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, requiredInput } from '../operator.ts';
import { UNARY } from './unary-functions.ts';

const PREDICATES: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>(['IsInf', 'IsNaN', 'Not']);

const BIGINT: Partial<Record<UnaryFunction, (x: bigint) => bigint>> = {
  Abs: (x) => (x < 0n ? -x : x),
  Neg: (x) => -x,
  Sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  BitwiseNot: (x) => ~x,
  Relu: (x) => (x < 0n ? 0n : x),
};

function inferShape(op: OpOf<'Unary'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  return [{ dtype: PREDICATES.has(op.fn) ? 'bool' : x.dtype, shape: x.shape }];
}

export const unary: OpDefinition<'Unary'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const exact = BIGINT[op.fn];
    const { data } = input;
    if (exact !== undefined && isBigIntArray(data)) {
      const result = allocate(input.dtype === 'uint64' ? 'uint64' : 'int64', data.length);
      for (let i = 0; i < data.length; i++) result[i] = exact(data[i]);
      return [{ ...type, data: result } as Tensor];
    }
    const x = numbersOf(input);
    const out = scratchFor(type);
    const fn = UNARY[op.fn];
    for (let i = 0; i < out.length; i++) out[i] = fn(x[i], op.alpha, op.beta);
    return [tensorOf(type, out)];
  },
};
