/**
 * GridSample (ONNX) over any number of spatial axes: y[n, c, o] = x[n, c] at the coordinates grid[n, o], the last axis first, where −1 and 1 are the
 * borders of the image (or, with alignCorners, the centres of its outermost elements). Taps and weights per axis, their products summed.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import { roundHalfEven } from '../integer/requantize.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, requiredInput, shapeText } from '../operator.ts';

function inferShape(_op: unknown, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'x');
  const grid = requiredInput(inputs, 1, 'grid');
  const axes = x.shape.length - 2;
  const fits =
    axes >= 1 && grid.shape.length === axes + 2 && grid.shape.at(-1) === axes && grid.shape[0] === x.shape[0];
  check(fits, `a grid of ${shapeText(grid.shape)} does not fit ${shapeText(x.shape)}`);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)] }];
}

/** `x` thrown back from the borders until it lies between them. */
function reflected(x: number, low: number, high: number): number {
  const range = high - low;
  if (!(range > 0) || Number.isNaN(x)) return low;
  if (x >= low && x <= high) return x;
  const beyond = (x < low ? low - x : x - high) % (2 * range);
  const back = beyond > range ? 2 * range - beyond : beyond;
  return x < low ? low + back : high - back;
}

/** Keys' cubic convolution with a = −0.75, at distance t in [0, 1) behind the second of four taps. */
export function cubicWeights(t: number): number[] {
  const a = -0.75;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

interface Tap {
  readonly place: number;
  readonly weight: number;
}

/** Where an axis of `size` elements is looked at for coordinate `n`; nothing outside is returned. */
function tapsAt({ mode, padding, alignCorners }: OpOf<'GridSample'>, n: number, size: number): Tap[] {
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
  let x = alignCorners ? ((n + 1) / 2) * (size - 1) : ((n + 1) * size - 1) / 2;
  if (mode === 'nearest') x = roundHalfEven(x);
  if (padding === 'border' && !(x >= low && x <= high)) x = x > 0 ? Math.min(x, size - 1) : 0;
  if (padding === 'reflection') x = reflected(x, low, high);
  const inside = (place: number): number => {
    if (padding === 'border') return Math.min(Math.max(place, 0), size - 1);
    return padding === 'reflection' ? Math.trunc(reflected(place, low, high)) : place;
  };
  const floor = Math.floor(x);
  const t = x - floor;
  const [first, weights] =
    mode === 'nearest' ? [x, [1]] : mode === 'linear' ? [floor, [1 - t, t]] : [floor - 1, cubicWeights(t)];
  return weights
    .map((weight, i) => ({ place: inside(first + i), weight }))
    .filter(({ place }) => place >= 0 && place < size);
}

export const gridSample: OpDefinition<'GridSample'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const x = requiredInput(inputs, 0, 'x');
    const grid = numbersOf(requiredInput(inputs, 1, 'grid'));
    const [batch, channels, ...spatial] = x.shape;
    const axes = spatial.length;
    const [plane, points] = [elementCount(spatial), elementCount(type.shape.slice(2))];
    const image = numbersOf(x);
    const out = scratchFor(type);
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        let taps: readonly Tap[] = [{ place: 0, weight: 1 }];
        spatial.forEach((size, axis) => {
          const own = tapsAt(op, grid[(n * points + p) * axes + axes - 1 - axis], size);
          taps = taps.flatMap((outer) =>
            own.map(({ place, weight }) => ({ place: outer.place * size + place, weight: outer.weight * weight })),
          );
        });
        for (let c = 0; c < channels; c++) {
          const start = (n * channels + c) * plane;
          let sum = 0;
          for (const { place, weight } of taps) sum += weight * image[start + place];
          out[(n * channels + c) * points + p] = sum;
        }
      }
    }
    return [tensorOf(type, out)];
  },
};
