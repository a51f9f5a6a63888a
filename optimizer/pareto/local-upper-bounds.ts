/**
 * Local upper bounds of a set of points (Lacour, Klamroth, Fonseca, "A box decomposition algorithm to compute the hypervolume
 * indicator", Computers & Operations Research 79, 2017), minimising. A local upper bound u is a maximal corner of the region that no
 * point dominates; its defining points z^0 … z^{m−1} are those whose coordinate j makes u_j.
 */
import type { Point } from './dominance.ts';

interface UpperBound {
  readonly corner: readonly number[];
  /** m × m: row k is the point that defines coordinate k. */
  readonly defining: readonly Point[];
}

const LOW = Number.NEGATIVE_INFINITY;

function largestOther(bound: UpperBound, j: number): number {
  let largest = LOW;
  bound.defining.forEach((z, k) => {
    if (k !== j && z[j] > largest) largest = z[j];
  });
  return largest;
}

function insert(bounds: readonly UpperBound[], z: Point): UpperBound[] {
  const next: UpperBound[] = [];
  for (const bound of bounds) {
    if (!bound.corner.every((v, j) => z[j] < v)) {
      next.push(bound);
      continue;
    }
    bound.corner.forEach((_, j) => {
      if (z[j] < largestOther(bound, j)) return;
      next.push({ corner: bound.corner.with(j, z[j]), defining: bound.defining.with(j, z) });
    });
  }
  return next;
}

function upperBounds(points: readonly Point[], reference: Point): UpperBound[] {
  const m = reference.length;
  const anchors = Array.from({ length: m }, (_, k) =>
    Array.from({ length: m }, (_, j) => (j === k ? reference[j] : LOW)),
  );
  let bounds: UpperBound[] = [{ corner: Array.from(reference), defining: anchors }];
  for (const z of points) bounds = insert(bounds, z);
  return bounds;
}

/** The local upper bounds of mutually non-dominated, distinct points below `reference`. */
export function localUpperBounds(points: readonly Point[], reference: Point): (readonly number[])[] {
  return upperBounds(points, reference).map((bound) => bound.corner);
}

/** Disjoint boxes that fill the region dominated by `points` and below `reference` (equation 2 of the paper). */
export function dominatedBoxes(points: readonly Point[], reference: Point): { lower: number[]; upper: number[] }[] {
  const m = reference.length;
  return upperBounds(points, reference)
    .map(({ corner, defining }) => {
      const lower = [defining[0][0]];
      const upper = [reference[0]];
      for (let j = 1; j < m; j++) {
        let low = LOW;
        for (let k = 0; k < j; k++) low = Math.max(low, defining[k][j]);
        lower.push(low);
        upper.push(corner[j]);
      }
      return { lower, upper };
    })
    .filter(({ lower, upper }) => lower.every((v, j) => v < upper[j]));
}
