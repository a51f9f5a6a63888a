/**
 * Conv: y[n, m, o] = b[m] + Σ_c Σ_k w[m, c, k] · x[n, g(m) C/group + c, o · stride + k · dilation - pad], S ≥ 1 spatial axes.
 * Sums are kept in double precision and rounded once, so the result is closer to the exact one than any float32 kernel.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { applyClamp } from '../clamp.ts';
import { type NumberArray, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { checkWindow, windowOutput } from './geometry.ts';
import { planTaps, type Taps } from './taps.ts';

type ConvLike = OpOf<'Conv'> | OpOf<'ConvInteger'>;

/** Shape of y; also used by the integer convolutions. */
export function convShape(op: Omit<ConvLike, 'kind'>, x: TensorType, w: TensorType): number[] {
  const [batch, channels, ...spatial] = x.shape;
  check(spatial.length >= 1, `input ${shapeText(x.shape)} needs a batch axis, a channel axis and at least one more`);
  check(
    w.shape.length === x.shape.length,
    `weights ${shapeText(w.shape)} and input ${shapeText(x.shape)} differ in rank`,
  );
  checkWindow(op, spatial.length);
  check(
    op.kernelShape.every((size, axis) => size === w.shape[axis + 2]),
    `kernel ${shapeText(op.kernelShape)} does not match weights ${shapeText(w.shape)}`,
  );
  check(Number.isInteger(op.group) && op.group >= 1, `group ${op.group} must be at least 1`);
  check(
    channels === w.shape[1] * op.group && channels > 0,
    `${channels} input channels do not match weights ${shapeText(w.shape)} with group ${op.group}`,
  );
  check(
    w.shape[0] > 0 && w.shape[0] % op.group === 0,
    `${w.shape[0]} output channels cannot be split into ${op.group} groups`,
  );
  return [batch, w.shape[0], ...windowOutput(op, spatial, false)];
}

function inferShape(op: OpOf<'Conv'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const w = requiredInput(inputs, 1, 'weights');
  const shape = convShape(op, x, w);
  check(w.dtype === x.dtype, `weights are ${w.dtype}, the input is ${x.dtype}`);
  const bias = inputs[2];
  if (bias !== undefined) {
    check(bias.shape.length === 1 && bias.shape[0] === shape[1], `bias ${shapeText(bias.shape)} must be [${shape[1]}]`);
  }
  return [{ dtype: x.dtype, shape }];
}

export interface ConvolutionArguments {
  readonly x: NumberArray;
  readonly xShape: readonly number[];
  readonly w: NumberArray;
  readonly bias: NumberArray | undefined;
  readonly outShape: readonly number[];
  readonly group: number;
  readonly taps: Taps;
}

/** The sums of all windows, handed to `store` one output plane at a time: store(first element of the plane, sums). */
export function convolve(a: ConvolutionArguments, store: (start: number, sums: Float64Array) => void): void {
  const [batch, outChannels, ...outSpatial] = a.outShape;
  const inPlane = elementCount(a.xShape.slice(2));
  const outPlane = elementCount(outSpatial);
  const inPerGroup = a.xShape[1] / a.group;
  const outPerGroup = outChannels / a.group;
  const { runs, inStep } = a.taps;
  const sums = new Float64Array(outPlane);
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < outChannels; m++) {
      sums.fill(a.bias === undefined ? 0 : a.bias[m]);
      const firstChannel = n * a.xShape[1] + Math.floor(m / outPerGroup) * inPerGroup;
      for (let c = 0; c < inPerGroup; c++) {
        const plane = (firstChannel + c) * inPlane;
        const weights = (m * inPerGroup + c) * runs.length;
        for (let tap = 0; tap < runs.length; tap++) addTap(sums, a.x, plane, a.w[weights + tap], runs[tap], inStep);
      }
      store((n * outChannels + m) * outPlane, sums);
    }
  }
}

function addTap(
  sums: Float64Array,
  x: NumberArray,
  plane: number,
  weight: number,
  runs: Taps['runs'][number],
  step: number,
): void {
  for (const { outStart, inStart, count } of runs) {
    let position = plane + inStart;
    for (let i = outStart; i < outStart + count; i++, position += step) sums[i] += weight * x[position];
  }
}

export const conv: OpDefinition<'Conv'> = {
  inferShape,
  run(op, inputs) {
    const x = requiredInput(inputs, 0, 'input');
    const w = requiredInput(inputs, 1, 'weights');
    const bias = inputs[2];
    const [type] = inferShape(op, inputs);
    const out = scratchFor(type);
    const taps = planTaps(op, x.shape.slice(2), type.shape.slice(2));
    convolve(
      {
        x: numbersOf(x),
        xShape: x.shape,
        w: numbersOf(w),
        bias: bias === undefined ? undefined : numbersOf(bias),
        outShape: type.shape,
        group: op.group,
        taps,
      },
      (start, sums) => out.set(sums, start),
    );
    applyClamp(out, op.clamp);
    return [tensorOf(type, out)];
  },
};
