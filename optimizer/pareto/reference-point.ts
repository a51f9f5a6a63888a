/**
 * A reference point for the hypervolume where the user gave none, or only some coordinates; minimising.
 * The nadir of the front plus a tenth of its range, the rule of BoTorch's `infer_reference_point` (scale 0.1, smallest range 1e-7).
 */
import { nonDominatedIndices, type Point } from './dominance.ts';

const MARGIN = 0.1;
const SMALLEST_RANGE = 1e-7;

/**
 * `given[j]` is a coordinate that is fixed, undefined one to infer. Rows with a coordinate that is not finite are left out. A front of
 * one point, or one whose points tie in an objective, gets a tenth of that coordinate's size as margin. Without any point the
 * coordinates not given are 1, a unit that only matters until the first point arrives.
 */
export function inferReferencePoint(points: readonly Point[], given: readonly (number | undefined)[]): number[] {
  const finite = points.filter((p) => Array.from(p).every(Number.isFinite));
  const better = finite.filter((p) => given.every((limit, j) => limit === undefined || p[j] < limit));
  // Points beyond a given coordinate say nothing about the front that counts, unless there are no others.
  const pool = better.length > 0 ? better : finite;
  const front = nonDominatedIndices(pool).map((i) => pool[i]);
  return given.map((limit, j) => {
    if (limit !== undefined) return limit;
    if (front.length === 0) return 1;
    let ideal = Number.POSITIVE_INFINITY;
    let nadir = Number.NEGATIVE_INFINITY;
    for (const p of front) {
      ideal = Math.min(ideal, p[j]);
      nadir = Math.max(nadir, p[j]);
    }
    const range = nadir - ideal;
    const margin = range > 0 ? range : Math.abs(nadir);
    return nadir + MARGIN * Math.max(margin, SMALLEST_RANGE);
  });
}
