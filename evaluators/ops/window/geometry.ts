/** Output sizes and sanity of convolution and pooling windows over S spatial axes. */
import type { Window } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { check, shapeText } from '../operator.ts';

/** A kernel covers at most a plane of 1,024 × 1,024; larger ones are mistakes or attacks. */
const MOST_TAPS = 2 ** 20;

/** Throws unless the window fits tensors with `spatialRank` spatial axes and all its numbers make sense. */
export function checkWindow(window: Window, spatialRank: number): void {
  const { kernelShape, strides, dilations, pads } = window;
  check(
    kernelShape.length === spatialRank,
    `kernel ${shapeText(kernelShape)} does not fit ${spatialRank} spatial axes`,
  );
  check(strides.length === spatialRank, `strides ${shapeText(strides)} do not fit ${spatialRank} spatial axes`);
  check(dilations.length === spatialRank, `dilations ${shapeText(dilations)} do not fit ${spatialRank} spatial axes`);
  check(pads.length === 2 * spatialRank, `pads ${shapeText(pads)} must have ${2 * spatialRank} entries`);
  check(
    kernelShape.every((k) => k >= 1),
    `kernel ${shapeText(kernelShape)} must be positive`,
  );
  check(
    strides.every((s) => s >= 1),
    `strides ${shapeText(strides)} must be positive`,
  );
  check(
    dilations.every((d) => d >= 1),
    `dilations ${shapeText(dilations)} must be positive`,
  );
  check(elementCount(kernelShape) <= MOST_TAPS, `kernel ${shapeText(kernelShape)} has more than ${MOST_TAPS} elements`);
  check(
    pads.every((p) => p >= 0),
    `pads ${shapeText(pads)} must not be negative`,
  );
}

/** Output sizes. With `ceilMode` a last window that would start in the end padding is dropped, as ONNX Runtime and PyTorch do. */
export function windowOutput(window: Window, spatial: readonly number[], ceilMode: boolean): number[] {
  return spatial.map((size, axis) => {
    const stride = window.strides[axis];
    const begin = window.pads[axis];
    const extent = (window.kernelShape[axis] - 1) * window.dilations[axis] + 1;
    const room = size + begin + window.pads[axis + spatial.length] - extent;
    check(room >= 0, `window of ${extent} is larger than the padded input of ${room + extent} on spatial axis ${axis}`);
    const count = (ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    return ceilMode && (count - 1) * stride >= size + begin ? count - 1 : count;
  });
}

/** Along one axis, the output positions [low, high) whose input position `o · stride + offset` lies inside [0, size). */
export function insideRange(size: number, outputs: number, stride: number, offset: number): readonly [number, number] {
  const low = offset >= 0 ? 0 : Math.ceil(-offset / stride);
  const high = Math.floor((size - 1 - offset) / stride) + 1;
  return [Math.min(low, outputs), Math.max(0, Math.min(high, outputs))];
}
