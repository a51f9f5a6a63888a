/**
 * The walk that convolution and pooling share: a window of K taps over an input plane. For each tap, the rows of output positions
 * whose input position lies inside the plane, so that inner loops need no bounds check.
 */
import type { Window } from '../../ir/op.ts';
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { insideRange } from './geometry.ts';

/** One run of output positions of a tap: out[outStart + i] meets in[inStart + i · inStep], 0 ≤ i < count. */
export interface Run {
  readonly outStart: number;
  readonly inStart: number;
  readonly count: number;
}

export interface Taps {
  /** Runs of each tap, taps in row-major order of the kernel. */
  readonly runs: readonly (readonly Run[])[];
  /** Distance in the input between neighbours of a run. */
  readonly inStep: number;
}

/** Plans the walk of `window` from planes of size `spatial` to planes of size `output`. */
export function planTaps(window: Window, spatial: readonly number[], output: readonly number[]): Taps {
  const rank = spatial.length;
  const last = rank - 1;
  const kernelStrides = stridesOf(window.kernelShape);
  const inStrides = stridesOf(spatial);
  const outStrides = stridesOf(output);
  const runs: Run[][] = [];
  for (let tap = 0; tap < elementCount(window.kernelShape); tap++) {
    const offsets = window.kernelShape.map(
      (size, axis) => (Math.floor(tap / kernelStrides[axis]) % size) * window.dilations[axis] - window.pads[axis],
    );
    const ranges = spatial.map((size, axis) => insideRange(size, output[axis], window.strides[axis], offsets[axis]));
    runs.push(ranges.some(([low, high]) => low >= high) ? [] : rowsOf(ranges));

    function rowsOf(bounds: readonly (readonly [number, number])[]): Run[] {
      const rows: Run[] = [];
      const at = bounds.map(([low]) => low);
      for (;;) {
        let outStart = 0;
        let inStart = 0;
        for (let axis = 0; axis < rank; axis++) {
          outStart += at[axis] * outStrides[axis];
          inStart += (at[axis] * window.strides[axis] + offsets[axis]) * inStrides[axis];
        }
        rows.push({ outStart, inStart, count: bounds[last][1] - bounds[last][0] });
        let axis = last - 1;
        while (axis >= 0 && ++at[axis] >= bounds[axis][1]) {
          at[axis] = bounds[axis][0];
          axis--;
        }
        if (axis < 0) return rows;
      }
    }
  }
  return { runs, inStep: window.strides[last] };
}
