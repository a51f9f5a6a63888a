/** LpPool over S spatial axes: (Σ |x|^p)^(1/p) of each window; padding counts as zero. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput } from '../operator.ts';
import { checkWindow, windowOutput } from './geometry.ts';
import { planTaps } from './taps.ts';

function inferShape(op: OpOf<'LpPool'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const spatial = x.shape.slice(2);
  check(op.p >= 1, `p is ${op.p}, it must be at least 1`);
  checkWindow(op, spatial.length);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...windowOutput(op, spatial, op.ceilMode)] }];
}

export const lpPool: OpDefinition<'LpPool'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const spatial = input.shape.slice(2);
    const inPlane = elementCount(spatial);
    const outPlane = elementCount(type.shape.slice(2));
    const { runs, inStep } = planTaps(op, spatial, type.shape.slice(2));
    const out = scratchFor(type);
    const sums = new Float64Array(outPlane);
    for (let plane = 0; plane < out.length / Math.max(outPlane, 1); plane++) {
      sums.fill(0);
      for (const rows of runs) {
        for (const { outStart, inStart, count } of rows) {
          for (let i = 0; i < count; i++) {
            sums[outStart + i] += Math.abs(x[plane * inPlane + inStart + i * inStep]) ** op.p;
          }
        }
      }
      for (let i = 0; i < outPlane; i++) out[plane * outPlane + i] = sums[i] ** (1 / op.p);
    }
    return [tensorOf(type, out)];
  },
};
