/**
 * Hypervolume of n points in space, minimising. A sweep along the third coordinate keeps the staircase of the first two and adds, for
 * each point, the area it newly covers times the height that is left (the dimension sweep of Beume, Fonseca, López-Ibáñez, Paquete,
 * Vahrenhold, IEEE TEVC 13(5), 2009). The staircase is a linked list over the ranks of the first coordinate, searched by a bit tree.
 * O(n log n).
 */
import { ascendingOrder } from '../math/ascending-order.ts';
import { RankSet } from '../math/rank-set.ts';

/** `x`, `y`, `z`: coordinates of points strictly below the reference; dominated ones and duplicates add nothing. */
export function hypervolume3d(
  x: Float64Array,
  y: Float64Array,
  z: Float64Array,
  referenceX: number,
  referenceY: number,
  referenceZ: number,
): number {
  const n = x.length;
  const byX = ascendingOrder(x);
  const byZ = ascendingOrder(z);
  const rankOf = new Int32Array(n);
  const xs = new Float64Array(n + 1);
  const ys = new Float64Array(n + 1);
  for (let rank = 0; rank < n; rank++) {
    const i = byX[rank];
    rankOf[i] = rank;
    xs[rank] = x[i];
    ys[rank] = y[i];
  }
  // Rank n is the wall at the reference: lower than every point, so that no walk passes it.
  xs[n] = referenceX;
  ys[n] = Number.NEGATIVE_INFINITY;
  const stairs = new RankSet(n + 1);
  const next = new Int32Array(n + 1);
  let first = n;
  let volume = 0;
  for (let at = 0; at < n; at++) {
    const i = byZ[at];
    const rank = rankOf[i];
    const px = xs[rank];
    const py = ys[rank];
    const previous = stairs.before(rank);
    let height = referenceY;
    let step = first;
    if (previous >= 0) {
      height = ys[previous];
      step = next[previous];
    }
    if (height <= py || (xs[step] === px && ys[step] <= py)) continue;
    let area = 0;
    let left = px;
    while (ys[step] >= py) {
      area += (xs[step] - left) * (height - py);
      left = xs[step];
      height = ys[step];
      stairs.delete(step);
      step = next[step];
    }
    area += (xs[step] - left) * (height - py);
    volume += area * (referenceZ - z[i]);
    stairs.add(rank);
    next[rank] = step;
    if (previous >= 0) next[previous] = rank;
    else first = rank;
  }
  return volume;
}
