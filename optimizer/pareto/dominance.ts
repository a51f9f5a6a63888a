/**
 * Pareto dominance, minimising. Points are rows of equal length m. Equal points do not dominate each other, so duplicates of a
 * non-dominated point all stay non-dominated. A NaN coordinate makes a point worse than any number there.
 */

export type Point = ArrayLike<number>;

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Point, b: Point): boolean {
  let better = false;
  for (let j = 0; j < a.length; j++) {
    if (a[j] > b[j] || Number.isNaN(a[j])) return false;
    if (a[j] < b[j] || Number.isNaN(b[j])) better = true;
  }
  return better;
}

/** Whether `a` is nowhere worse than `b`. */
export function weaklyDominates(a: Point, b: Point): boolean {
  for (let j = 0; j < a.length; j++) if (!(a[j] <= b[j])) return false;
  return true;
}

/** Ascending by the first coordinate, then by the second and so on; NaN last. */
export function compareLexicographically(a: Point, b: Point): number {
  for (let j = 0; j < a.length; j++) {
    if (a[j] < b[j]) return -1;
    if (a[j] > b[j]) return 1;
    if (a[j] !== b[j]) {
      const aIsNaN = Number.isNaN(a[j]);
      if (aIsNaN !== Number.isNaN(b[j])) return aIsNaN ? 1 : -1;
    }
  }
  return 0;
}

function lexicographicOrder(points: readonly Point[]): number[] {
  return points.map((_, i) => i).sort((a, b) => compareLexicographically(points[a], points[b]) || a - b);
}

/**
 * Ranks 0, 1, 2 … of the non-dominated sorting, one per point. Efficient non-dominated sort with binary search over fronts (Zhang,
 * Tian, Cheng, Jin, IEEE TEVC 19(2), 2015): in lexicographic order a point can only be dominated by an earlier one. For m ≤ 2 a
 * front's last member decides alone: O(n log n).
 */
export function nonDominatedSort(points: readonly Point[]): Int32Array {
  const ranks = new Int32Array(points.length);
  const fronts: number[][] = [];
  const m = points.length === 0 ? 0 : points[0].length;
  const frontDominates = (front: readonly number[], i: number): boolean => {
    const last = front.length - 1;
    const first = m <= 2 ? last : 0;
    for (let at = last; at >= first; at--) if (dominates(points[front[at]], points[i])) return true;
    return false;
  };
  for (const i of lexicographicOrder(points)) {
    let low = 0;
    let high = fronts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frontDominates(fronts[middle], i)) low = middle + 1;
      else high = middle;
    }
    if (low === fronts.length) fronts.push([]);
    fronts[low].push(i);
    ranks[i] = low;
  }
  return ranks;
}

/** Indices of the non-dominated points, ascending. */
export function nonDominatedIndices(points: readonly Point[]): number[] {
  const front: number[] = [];
  const m = points.length === 0 ? 0 : points[0].length;
  for (const i of lexicographicOrder(points)) {
    const from = m <= 2 ? Math.max(0, front.length - 1) : 0;
    let dominated = false;
    for (let at = front.length - 1; at >= from && !dominated; at--) dominated = dominates(points[front[at]], points[i]);
    if (!dominated) front.push(i);
  }
  return front.sort((a, b) => a - b);
}

/**
 * The points that matter to a hypervolume: non-dominated, strictly better than `reference` in every coordinate, each once, in
 * lexicographic order.
 */
export function relevantFront(points: readonly Point[], reference: Point): Point[] {
  const inside = points.filter((p) => {
    for (let j = 0; j < reference.length; j++) if (!(p[j] < reference[j])) return false;
    return true;
  });
  inside.sort(compareLexicographically);
  const front: Point[] = [];
  for (const p of inside) {
    const from = reference.length <= 2 ? Math.max(0, front.length - 1) : 0;
    let dominated = false;
    for (let at = front.length - 1; at >= from && !dominated; at--) dominated = weaklyDominates(front[at], p);
    if (!dominated) front.push(p);
  }
  return front;
}

/** NSGA-II crowding distance (Deb et al. 2002) of the points of one front: Infinity at the ends of every objective. */
export function crowdingDistances(points: readonly Point[]): Float64Array {
  const distances = new Float64Array(points.length);
  const m = points.length === 0 ? 0 : points[0].length;
  for (let j = 0; j < m; j++) {
    const order = points.map((_, i) => i).sort((a, b) => points[a][j] - points[b][j] || a - b);
    const first = order[0];
    const last = order[order.length - 1];
    const range = points[last][j] - points[first][j];
    distances[first] = Number.POSITIVE_INFINITY;
    distances[last] = Number.POSITIVE_INFINITY;
    if (!(range > 0)) continue;
    for (let at = 1; at + 1 < order.length; at++) {
      distances[order[at]] += (points[order[at + 1]][j] - points[order[at - 1]][j]) / range;
    }
  }
  return distances;
}
