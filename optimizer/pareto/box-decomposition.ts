/**
 * Disjoint boxes that fill the non-dominated region {y < r : no front point ≤ y}, minimising: what a hypervolume improvement is
 * summed over, HVI(f) = Σ_k Π_j max(0, upper_kj − max(f_j, lower_kj)). Lower corners may be −Infinity.
 *
 * m = 2: n + 1 strips. m = 3: a sweep along the third objective that opens two strips per point, 2n + 1 boxes (the number of Yang,
 * Emmerich, Deutz, Fonseca, EMO 2017). m ≥ 4: local upper bounds (Lacour, Klamroth, Fonseca, C&OR 79, 2017) twice, the second time on
 * the mirrored upper bounds (Yang, Emmerich, Deutz, Bäck, J. Glob. Opt. 75, 2019).
 */
import { type Point, relevantFront } from './dominance.ts';
import { dominatedBoxes, localUpperBounds } from './local-upper-bounds.ts';

export interface BoxDecomposition {
  readonly m: number;
  /** Number of boxes K. */
  readonly count: number;
  /** K × m, row-major. */
  readonly lower: Float64Array;
  /** K × m, row-major; never above the reference point. */
  readonly upper: Float64Array;
}

class BoxList {
  readonly #m: number;
  readonly #lower: number[] = [];
  readonly #upper: number[] = [];

  constructor(m: number) {
    this.#m = m;
  }

  push(lower: Point, upper: Point): void {
    for (let j = 0; j < this.#m; j++) if (!(lower[j] < upper[j])) return;
    for (let j = 0; j < this.#m; j++) {
      this.#lower.push(lower[j]);
      this.#upper.push(upper[j]);
    }
  }

  toDecomposition(): BoxDecomposition {
    const m = this.#m;
    const count = this.#lower.length / m;
    return { m, count, lower: Float64Array.from(this.#lower), upper: Float64Array.from(this.#upper) };
  }
}

const LOW = Number.NEGATIVE_INFINITY;

function strips(front: readonly Point[], reference: Point): BoxDecomposition {
  const boxes = new BoxList(2);
  let left = LOW;
  let height = reference[1];
  for (const p of front) {
    boxes.push([left, LOW], [p[0], height]);
    left = p[0];
    height = p[1];
  }
  boxes.push([left, LOW], [reference[0], height]);
  return boxes.toDecomposition();
}

/** A strip of the plane of the first two objectives that is still non-dominated at the sweep's level. */
interface Strip {
  readonly left: number;
  readonly right: number;
  readonly height: number;
  readonly since: number;
}

function sweepThird(front: readonly Point[], reference: Point): BoxDecomposition {
  const boxes = new BoxList(3);
  const close = (s: Strip, level: number): void => boxes.push([s.left, LOW, s.since], [s.right, s.height, level]);
  let open: Strip[] = [{ left: LOW, right: reference[0], height: reference[1], since: LOW }];
  for (const p of front.toSorted((a, b) => a[2] - b[2])) {
    const next: Strip[] = [];
    let newRight = LOW;
    for (const strip of open) {
      // Strips go right and down: those left of p and those already as low as p stay as they are.
      if (strip.right <= p[0] || strip.height <= p[1]) {
        next.push(strip);
        continue;
      }
      close(strip, p[2]);
      if (newRight === LOW && strip.left < p[0]) {
        next.push({ left: strip.left, right: p[0], height: strip.height, since: p[2] });
      }
      newRight = strip.right;
    }
    if (newRight !== LOW) next.push({ left: p[0], right: newRight, height: p[1], since: p[2] });
    open = next.sort((a, b) => a.left - b.left);
  }
  for (const strip of open) close(strip, reference[2]);
  return boxes.toDecomposition();
}

function viaUpperBounds(front: readonly Point[], reference: Point): BoxDecomposition {
  const m = reference.length;
  const boxes = new BoxList(m);
  const mirrored = localUpperBounds(front, reference).map((bound) => bound.map((v) => -v));
  const infinity = new Array<number>(m).fill(Number.POSITIVE_INFINITY);
  for (const { lower, upper } of dominatedBoxes(mirrored, infinity)) {
    boxes.push(
      upper.map((v) => -v),
      lower.map((v) => -v),
    );
  }
  return boxes.toDecomposition();
}

/**
 * Boxes of the region that is better than `reference` (m coordinates) and not dominated by `points`. Points may be dominated, equal or
 * beyond the reference. m ≥ 2; m = 1 gives the one interval below the best point.
 */
export function decomposeNonDominated(points: readonly Point[], reference: Point): BoxDecomposition {
  const front = relevantFront(points, reference);
  const m = reference.length;
  if (m === 1) {
    const best = front.length === 0 ? reference[0] : front[0][0];
    return { m, count: 1, lower: Float64Array.of(LOW), upper: Float64Array.of(best) };
  }
  if (m === 2) return strips(front, reference);
  return m === 3 ? sweepThird(front, reference) : viaUpperBounds(front, reference);
}

/**
 * The decomposition after one more point: boxes that the point cuts lose the part it dominates, in at most m pieces; all others stay.
 * Cheaper than a new decomposition for a few points; many insertions leave more boxes than a new one would.
 */
export function insertIntoDecomposition(boxes: BoxDecomposition, point: Point): BoxDecomposition {
  const { m, count, lower, upper } = boxes;
  const list = new BoxList(m);
  for (let k = 0; k < count; k++) {
    const low = Array.from(lower.subarray(k * m, k * m + m));
    const high = Array.from(upper.subarray(k * m, k * m + m));
    const cut = high.every((v, j) => point[j] < v);
    if (!cut) {
      list.push(low, high);
      continue;
    }
    for (let j = 0; j < m; j++) {
      if (point[j] <= low[j]) continue;
      const pieceHigh = high.slice();
      pieceHigh[j] = point[j];
      list.push(low, pieceHigh);
      low[j] = point[j];
    }
  }
  return list.toDecomposition();
}

/** Hypervolume that `point` would add: the volume of the boxes that it dominates. */
export function hypervolumeImprovement(boxes: BoxDecomposition, point: Point): number {
  const { m, count, lower, upper } = boxes;
  let sum = 0;
  for (let k = 0; k < count; k++) {
    let volume = 1;
    for (let j = 0; j < m && volume > 0; j++) {
      volume *= Math.max(0, upper[k * m + j] - Math.max(point[j], lower[k * m + j]));
    }
    sum += volume;
  }
  return sum;
}
