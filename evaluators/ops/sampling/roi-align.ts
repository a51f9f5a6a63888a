/**
 * RoiAlign (ONNX): each region [x1, y1, x2, y2] of an image is cut into outHeight × outWidth bins; a bin is the mean (or the maximum) of values between
 * elements at the points of a regular grid in it. Points at most one element outside count as on the border, those beyond as 0.
 */
import type { OpOf } from '../../ir/op.ts';
import { integersOf, numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeIndex, requiredInput, shapeText } from '../operator.ts';
import { corners, type Plane } from './bilinear.ts';

function inferShape(op: OpOf<'RoiAlign'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'x');
  const rois = requiredInput(inputs, 1, 'rois').shape;
  const indices = requiredInput(inputs, 2, 'batch_indices').shape;
  check(x.shape.length === 4 && rois.length === 2 && rois[1] === 4, `rois ${shapeText(rois)} of ${shapeText(x.shape)}`);
  check(indices.length === 1 && indices[0] === rois[0], `${shapeText(indices)} images for ${rois[0]} regions`);
  return [{ dtype: x.dtype, shape: [rois[0], x.shape[1], op.outHeight, op.outWidth] }];
}

/** The four weighted elements around a point of the grid. */
function sample(plane: Plane, y: number, x: number): readonly number[] {
  if (!(y >= -1 && y <= plane.height && x >= -1 && x <= plane.width)) return [0, 0, 0, 0];
  const on = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  return corners(plane, on(y, plane.height), on(x, plane.width));
}

interface Axis {
  readonly start: number;
  /** Length of a bin, and points in it. */
  readonly bin: number;
  readonly points: number;
}

function axisOf({ scale, halfPixel, samplingRatio }: OpOf<'RoiAlign'>, from: number, to: number, bins: number): Axis {
  const offset = halfPixel ? 0.5 : 0;
  const start = from * scale - offset;
  const length = halfPixel ? to * scale - offset - start : Math.max(to * scale - start, 1);
  const bin = length / bins;
  return { start, bin, points: samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(bin)) };
}

function binOf(isMaximum: boolean, plane: Plane, rows: Axis, columns: Axis, row: number, column: number): number {
  let [sum, most] = [0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < rows.points; i++) {
    for (let j = 0; j < columns.points; j++) {
      const y = rows.start + (row + (i + 0.5) / rows.points) * rows.bin;
      const x = columns.start + (column + (j + 0.5) / columns.points) * columns.bin;
      const values = sample(plane, y, x);
      sum += values[0] + values[1] + values[2] + values[3];
      most = Math.max(most, ...values);
    }
  }
  const count = rows.points * columns.points;
  return count === 0 ? 0 : isMaximum ? most : sum / count;
}

export const roiAlign: OpDefinition<'RoiAlign'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const image = requiredInput(inputs, 0, 'x');
    const rois = numbersOf(requiredInput(inputs, 1, 'rois'));
    const images = integersOf(requiredInput(inputs, 2, 'batch_indices'));
    const [batch, channels, height, width] = image.shape;
    const data = numbersOf(image);
    const out = scratchFor(type);
    let at = 0;
    images.forEach((index, r) => {
      const columns = axisOf(op, rois[4 * r], rois[4 * r + 2], op.outWidth);
      const rows = axisOf(op, rois[4 * r + 1], rois[4 * r + 3], op.outHeight);
      for (let c = 0; c < channels; c++) {
        const start = (normalizeIndex(index, batch) * channels + c) * height * width;
        const plane = { data, start, height, width };
        for (let row = 0; row < op.outHeight; row++)
          for (let column = 0; column < op.outWidth; column++)
            out[at++] = binOf(op.mode === 'max', plane, rows, columns, row, column);
      }
    });
    return [tensorOf(type, out)];
  },
};
