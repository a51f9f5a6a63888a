/** Clip: min(max(x, low), high) with optional scalar bounds; when low > high the result is high. */
import type { OpOf } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { isBigIntArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(_op: OpOf<'Clip'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  for (const bound of [inputs[1], inputs[2]]) {
    if (bound === undefined) continue;
    const scalar = bound.shape.length === 0 || (bound.shape.length === 1 && bound.shape[0] === 1);
    check(scalar, `a bound of Clip must be a scalar, not ${shapeText(bound.shape)}`);
    check(bound.dtype === x.dtype, `a bound of Clip is ${bound.dtype}, the input is ${x.dtype}`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
}

/** Clip on 64-bit integers, exactly. */
function clipBigInt(x: Tensor, low: Tensor | undefined, high: Tensor | undefined): Tensor {
  const data = x.data;
  if (!isBigIntArray(data)) return x;
  const result = data.slice();
  const [min, max] = [low?.data[0], high?.data[0]];
  for (let i = 0; i < result.length; i++) {
    if (typeof min === 'bigint' && result[i] < min) result[i] = min;
    if (typeof max === 'bigint' && result[i] > max) result[i] = max;
  }
  return { dtype: x.dtype, shape: x.shape, data: result } as Tensor;
}

export const clip: OpDefinition<'Clip'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const [, low, high] = inputs;
    if (isBigIntArray(input.data)) return [clipBigInt(input, low, high)];
    const x = numbersOf(input);
    const min = low === undefined ? Number.NEGATIVE_INFINITY : numbersOf(low)[0];
    const max = high === undefined ? Number.POSITIVE_INFINITY : numbersOf(high)[0];
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const raised = x[i] < min ? min : x[i];
      out[i] = raised > max ? max : raised;
    }
    return [tensorOf(type, out)];
  },
};
