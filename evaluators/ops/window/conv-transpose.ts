/**
 * ConvTranspose: every input element adds its weighted kernel to the output; x [N,C,…], w [C,M/group,…], bias [M]. Output size of an
 * axis: stride · (size - 1) + outputPadding + (kernel - 1) · dilation + 1 - pads.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { applyClamp } from '../clamp.ts';
import { type NumberArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { checkWindow } from './geometry.ts';
import { planTaps, type Taps } from './taps.ts';

type ConvTranspose = OpOf<'ConvTranspose'>;

function inferShape(op: ConvTranspose, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const w = requiredInput(inputs, 1, 'weights');
  const [batch, channels, ...spatial] = x.shape;
  check(
    spatial.length >= 1 && w.shape.length === x.shape.length,
    `weights ${shapeText(w.shape)} do not fit ${shapeText(x.shape)}`,
  );
  checkWindow(op, spatial.length);
  check(
    op.kernelShape.every((size, i) => size === w.shape[i + 2]),
    `kernel ${shapeText(op.kernelShape)} does not match weights ${shapeText(w.shape)}`,
  );
  check(
    op.group >= 1 && channels > 0 && channels % op.group === 0,
    `${channels} channels cannot be split into ${op.group} groups`,
  );
  check(w.shape[0] === channels, `${channels} input channels do not match weights ${shapeText(w.shape)}`);
  check(
    op.outputPadding.length === spatial.length && op.outputPadding.every((p) => p >= 0),
    `output padding ${shapeText(op.outputPadding)} is not valid`,
  );
  const outputs = w.shape[1] * op.group;
  const bias = inputs[2];
  check(bias === undefined || (bias.shape.length === 1 && bias.shape[0] === outputs), `the bias must be [${outputs}]`);
  const size = spatial.map((n, i) => {
    const full = op.strides[i] * (n - 1) + op.outputPadding[i] + (op.kernelShape[i] - 1) * op.dilations[i] + 1;
    return full - op.pads[i] - op.pads[i + spatial.length];
  });
  check(
    size.every((n) => n >= 1),
    `the output ${shapeText(size)} is empty`,
  );
  return [{ dtype: x.dtype, shape: [batch, outputs, ...size] }];
}

/** sums[start + i · step] += weight · x[plane + row + i] along every run of the tap. */
function scatterTap(
  sums: Float64Array,
  x: NumberArray,
  plane: number,
  weight: number,
  runs: Taps['runs'][number],
  step: number,
): void {
  for (const { outStart, inStart, count } of runs) {
    let target = inStart;
    for (let i = outStart; i < outStart + count; i++, target += step) sums[target] += weight * x[plane + i];
  }
}

export const convTranspose: OpDefinition<'ConvTranspose'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const [x, w] = [numbersOf(input), numbersOf(requiredInput(inputs, 1, 'weights'))];
    const bias = inputs[2] === undefined ? undefined : numbersOf(inputs[2]);
    const [batch, outChannels, ...outSpatial] = type.shape;
    const [inPlane, outPlane] = [elementCount(input.shape.slice(2)), elementCount(outSpatial)];
    const [inPerGroup, outPerGroup] = [input.shape[1] / op.group, outChannels / op.group];
    // The transposed walk: input positions are the windows of a convolution over the output.
    const { runs, inStep } = planTaps(op, outSpatial, input.shape.slice(2));
    const out = scratchFor(type);
    const sums = new Float64Array(outPlane);
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < outChannels; m++) {
        sums.fill(bias === undefined ? 0 : bias[m]);
        const first = Math.floor(m / outPerGroup) * inPerGroup;
        for (let c = first; c < first + inPerGroup; c++) {
          const plane = (n * input.shape[1] + c) * inPlane;
          const weights = (c * outPerGroup + (m % outPerGroup)) * runs.length;
          runs.forEach((rows, tap) => {
            scatterTap(sums, x, plane, w[weights + tap], rows, inStep);
          });
        }
        out.set(sums, (n * outChannels + m) * outPlane);
      }
    }
    applyClamp(out, op.clamp);
    return [tensorOf(type, out)];
  },
};
