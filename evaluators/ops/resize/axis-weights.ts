/**
 * Resize along one axis as a small weighted sum of input elements for each output index: nearest, linear (triangle filter) and cubic
 * (Keys, coefficient a), the latter two stretched by 1 / scale when antialiasing a reduction.
 */
import type { OpOf } from '../../ir/op.ts';
import { OperatorError } from '../operator.ts';
import { type Axis, inputCoordinate } from './coordinates.ts';

/** For one output index: the input indices and their weights; null = outside the input, takes the extrapolation value. */
export type Taps = { readonly indices: readonly number[]; readonly weights: readonly number[] } | null;

function nearestIndex(x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      throw new OperatorError(`nearest mode ${JSON.stringify(mode)} is not known`);
  }
}

function triangle(distance: number): number {
  return Math.max(0, 1 - Math.abs(distance));
}

function keys(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

function filterTaps(op: OpOf<'Resize'>, x: number, axis: Axis): Taps {
  const shrink = op.antialias ? Math.min(1, axis.scale) : 1;
  const reach = (op.mode === 'cubic' ? 2 : 1) / shrink;
  const indices: number[] = [];
  const weights: number[] = [];
  let sum = 0;
  for (let i = Math.floor(x - reach) + 1; i <= Math.ceil(x + reach) - 1; i++) {
    const distance = (i - x) * shrink;
    const outside = i < 0 || i >= axis.inputSize;
    const weight = op.mode === 'cubic' ? keys(distance, op.cubicA) : triangle(distance);
    if (outside && op.excludeOutside) continue;
    indices.push(Math.max(0, Math.min(axis.inputSize - 1, i)));
    weights.push(weight);
    sum += weight;
  }
  return { indices, weights: weights.map((weight) => weight / sum) };
}

/** The taps of every output index of one axis. */
export function axisWeights(op: OpOf<'Resize'>, axis: Axis): Taps[] {
  return Array.from({ length: axis.outputSize }, (_, index) => {
    const x = inputCoordinate(op.coordinates, index, axis);
    if (op.coordinates === 'tf_crop_and_resize' && (x < 0 || x > axis.inputSize - 1)) return null;
    if (op.mode !== 'nearest') return filterTaps(op, x, axis);
    const nearest = Math.max(0, Math.min(axis.inputSize - 1, nearestIndex(x, op.nearestMode)));
    return { indices: [nearest], weights: [1] };
  });
}
