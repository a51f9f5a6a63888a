/** Hypervolume of n points in the plane, minimising: sort by the first coordinate, then sum the steps. O(n log n). */
import { ascendingOrder } from '../math/ascending-order.ts';

/** `x`, `y`: coordinates of points strictly below the reference; dominated ones and duplicates add nothing. */
export function hypervolume2d(x: Float64Array, y: Float64Array, referenceX: number, referenceY: number): number {
  const order = ascendingOrder(x);
  let lowest = referenceY;
  let volume = 0;
  for (let at = 0; at < order.length; at++) {
    const i = order[at];
    if (y[i] >= lowest) continue;
    volume += (referenceX - x[i]) * (lowest - y[i]);
    lowest = y[i];
  }
  return volume;
}
