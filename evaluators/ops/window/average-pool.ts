/** AveragePool over S spatial axes. The divisor is the number of elements inside the input, or inside the padded input. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTypes, requiredInput } from '../operator.ts';
import { checkWindow, windowOutput } from './geometry.ts';
import { planTaps, type Taps } from './taps.ts';

type AveragePool = Omit<OpOf<'AveragePool'>, 'kind'>;

function inferShape(op: AveragePool, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const spatial = x.shape.slice(2);
  checkWindow(op, spatial.length);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...windowOutput(op, spatial, op.ceilMode)] }];
}

/** How many elements each output window averages over. */
export function averageDivisors(op: AveragePool, spatial: readonly number[], output: readonly number[]): Float64Array {
  const counts = new Float64Array(elementCount(output));
  for (const rows of divisorTaps(op, spatial, output).runs) {
    for (const { outStart, count } of rows) for (let i = 0; i < count; i++) counts[outStart + i]++;
  }
  return counts;
}

/** Taps that count: those inside the input, or inside the padded input (which still excludes what `ceilMode` adds). */
function divisorTaps(op: AveragePool, spatial: readonly number[], output: readonly number[]): Taps {
  if (!op.countIncludePad) return planTaps(op, spatial, output);
  const rank = spatial.length;
  const padded = spatial.map((size, axis) => size + op.pads[axis] + op.pads[axis + rank]);
  return planTaps({ ...op, pads: new Array<number>(2 * rank).fill(0) }, padded, output);
}

export const averagePool: OpDefinition<'AveragePool'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const x = numbersOf(input);
    const spatial = input.shape.slice(2);
    const output = type.shape.slice(2);
    const inPlane = elementCount(spatial);
    const outPlane = elementCount(output);
    const { runs, inStep } = planTaps(op, spatial, output);
    const divisors = averageDivisors(op, spatial, output);
    const out = scratchFor(type);
    const sums = new Float64Array(outPlane);
    for (let plane = 0; plane < out.length / Math.max(outPlane, 1); plane++) {
      sums.fill(0);
      for (const rows of runs) {
        for (const { outStart, inStart, count } of rows) {
          for (let i = 0; i < count; i++) sums[outStart + i] += x[plane * inPlane + inStart + i * inStep];
        }
      }
      for (let i = 0; i < outPlane; i++) out[plane * outPlane + i] = sums[i] / divisors[i];
    }
    return [tensorOf(type, out)];
  },
};
