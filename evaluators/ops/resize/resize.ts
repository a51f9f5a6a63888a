/** Resize of any number of axes, one axis after the other (all of ONNX's filters are separable). Axes of scale 1 are left alone. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { axisWeights, type Taps } from './axis-weights.ts';

type Resize = OpOf<'Resize'>;

function inferShape(op: Resize, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const rank = x.shape.length;
  check(
    op.shape.length === rank && op.scales.length === rank,
    `${op.shape.length} sizes do not fit ${shapeText(x.shape)}`,
  );
  check(
    op.shape.every((size) => Number.isInteger(size) && size >= 0),
    `the size ${shapeText(op.shape)} is not valid`,
  );
  check(
    op.scales.every((scale) => scale > 0 && Number.isFinite(scale)),
    `the scales ${shapeText(op.scales)} must be positive`,
  );
  check(op.roi.length === 0 || op.roi.length === 2 * rank, `the region must have ${2 * rank} entries`);
  check(
    x.shape.every((size, i) => size > 0 || op.shape[i] === 0),
    `${shapeText(x.shape)} has no elements`,
  );
  return [{ dtype: x.dtype, shape: op.shape }];
}

/** Replaces the axis by its resized form. */
function resizeAxis(x: Float64Array, shape: readonly number[], axis: number, taps: readonly Taps[]): Float64Array {
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const out = new Float64Array(outer * taps.length * inner);
  for (let o = 0; o < outer; o++) {
    taps.forEach((tap, k) => {
      const target = (o * taps.length + k) * inner;
      tap?.indices.forEach((index, j) => {
        const source = (o * shape[axis] + index) * inner;
        const weight = tap.weights[j];
        for (let i = 0; i < inner; i++) out[target + i] += weight * x[source + i];
      });
    });
  }
  return out;
}

/** Puts the extrapolation value wherever an axis looks outside the input. */
function extrapolate(
  out: Float64Array,
  shape: readonly number[],
  axis: number,
  taps: readonly Taps[],
  value: number,
): void {
  const inner = elementCount(shape.slice(axis + 1));
  for (let i = 0; i < out.length; i++) if (taps[Math.floor(i / inner) % shape[axis]] === null) out[i] = value;
}

export const resize: OpDefinition<'Resize'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const input = requiredInput(inputs, 0, 'input');
    const rank = input.shape.length;
    const cropping = op.coordinates === 'tf_crop_and_resize';
    let values: Float64Array = Float64Array.from(numbersOf(input));
    const shape = [...input.shape];
    const plans: { axis: number; taps: Taps[] }[] = [];
    for (let axis = 0; axis < rank; axis++) {
      if (!cropping && op.scales[axis] === 1 && op.shape[axis] === shape[axis]) continue;
      const [roiStart, roiEnd] = op.roi.length === 0 ? [0, 1] : [op.roi[axis], op.roi[axis + rank]];
      const taps = axisWeights(op, {
        inputSize: shape[axis],
        outputSize: op.shape[axis],
        scale: op.scales[axis],
        roiStart,
        roiEnd,
      });
      values = resizeAxis(values, shape, axis, taps);
      shape[axis] = op.shape[axis];
      plans.push({ axis, taps });
    }
    for (const { axis, taps } of plans) extrapolate(values, shape, axis, taps, op.extrapolationValue);
    const out = scratchFor(type);
    out.set(values);
    return [tensorOf(type, out)];
  },
};
