/** Slow but obvious counterparts for the tests of optimizer/pareto. */
import type { Point } from '../../../optimizer/pareto/dominance.ts';

/** Inclusion–exclusion over all subsets: Σ (−1)^{|S|+1} Π_j (r_j − max_{p∈S} p_j); for at most about 12 points. */
export function hypervolumeByInclusionExclusion(points: readonly Point[], reference: Point): number {
  const inside = points.filter((p) => Array.from(reference).every((r, j) => p[j] < r));
  let total = 0;
  for (let mask = 1; mask < 1 << inside.length; mask++) {
    let size = 0;
    const corner = Array.from(reference, () => Number.NEGATIVE_INFINITY);
    inside.forEach((p, i) => {
      if ((mask & (1 << i)) === 0) return;
      size++;
      corner.forEach((v, j) => {
        corner[j] = Math.max(v, p[j]);
      });
    });
    const volume = corner.reduce((product, v, j) => product * (reference[j] - v), 1);
    total += size % 2 === 1 ? volume : -volume;
  }
  return total;
}

/** The grid of all coordinates: a cell counts when its lower corner is weakly dominated. For small n and m. */
export function hypervolumeByGrid(points: readonly Point[], reference: Point): number {
  const m = reference.length;
  const inside = points.filter((p) => Array.from(reference).every((r, j) => p[j] < r));
  const edges = Array.from({ length: m }, (_, j) =>
    [...new Set([...inside.map((p) => p[j]), reference[j]])].sort((a, b) => a - b),
  );
  const walk = (j: number, corner: number[], volume: number): number => {
    if (j === m) return inside.some((p) => corner.every((v, k) => p[k] <= v)) ? volume : 0;
    let sum = 0;
    for (let k = 0; k + 1 < edges[j].length; k++) {
      sum += walk(j + 1, [...corner, edges[j][k]], volume * (edges[j][k + 1] - edges[j][k]));
    }
    return sum;
  };
  return walk(0, [], 1);
}

/** Relative closeness with an absolute floor. */
export function close(a: number, b: number, tolerance = 1e-10): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}
