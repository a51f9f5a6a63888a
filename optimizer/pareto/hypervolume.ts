/**
 * Exact hypervolume, minimising: the volume of the union of the boxes [p, reference] over points p strictly below the reference.
 * m = 2, 3: O(n log n); m = 4: O(n²); above that the "while" idea of WFG (While, Bradstreet, Barone, IEEE TEVC 16(1), 2012) — a point
 * adds its own box less what the points before it cover of it — down to m = 4.
 */
import { ascendingOrder } from '../math/ascending-order.ts';
import { Archive3d } from './archive-3d.ts';
import { compareLexicographically, type Point } from './dominance.ts';
import { exclusiveOfRow, hypervolumeOfRows } from './exclusive-volume.ts';
import { hypervolume2d } from './hypervolume-2d.ts';
import { hypervolume3d } from './hypervolume-3d.ts';

/** Column-major coordinates of the points strictly below the reference. */
function columnsInside(points: readonly Point[], reference: Point): Float64Array[] {
  const m = reference.length;
  const columns = Array.from({ length: m }, () => new Float64Array(points.length));
  let count = 0;
  for (const p of points) {
    let inside = true;
    for (let j = 0; j < m && inside; j++) inside = p[j] < reference[j];
    if (!inside) continue;
    for (let j = 0; j < m; j++) columns[j][count] = p[j];
    count++;
  }
  return columns.map((column) => column.subarray(0, count));
}

function hypervolume4d(columns: readonly Float64Array[], reference: Point): number {
  const [x, y, z, w] = columns;
  const archive = new Archive3d(reference[0], reference[1], reference[2], Math.max(64, x.length + 2));
  let volume = 0;
  for (const i of ascendingOrder(w)) volume += archive.add(x[i], y[i], z[i]) * (reference[3] - w[i]);
  return volume;
}

/** The points strictly below the reference as rows of one flat array, and their number. */
function rowsInside(points: readonly Point[], reference: Point): { rows: Float64Array; count: number } {
  const m = reference.length;
  const rows = new Float64Array(points.length * m);
  let count = 0;
  for (const p of points) {
    let inside = true;
    for (let j = 0; j < m && inside; j++) inside = p[j] < reference[j];
    if (!inside) continue;
    for (let j = 0; j < m; j++) rows[count * m + j] = p[j];
    count++;
  }
  return { rows, count };
}

/** Volume that `p` adds to `others` (any points): its box less the hypervolume of the others clipped to it. */
export function exclusiveVolume(p: Point, others: readonly Point[], reference: Point): number {
  const point = Float64Array.from(p);
  if (!point.every((v, j) => v < reference[j])) return 0;
  const { rows, count } = rowsInside(others, reference);
  return exclusiveOfRow(point, rows, count, point.length, reference);
}

/**
 * Exact hypervolume of `points` (rows of m coordinates) below `reference`. Points may be dominated, equal, beyond the reference or
 * infinite; coordinates that are NaN take a point out. 0 for no points.
 */
export function hypervolume(points: readonly Point[], reference: Point): number {
  const m = reference.length;
  if (m > 4) {
    const { rows, count } = rowsInside(points, reference);
    return hypervolumeOfRows(rows, count, m, reference);
  }
  const columns = columnsInside(points, reference);
  return hypervolumeOfColumns(columns, reference);
}

/** The same for m ≤ 4 from one array per coordinate; every point must be strictly below the reference. */
export function hypervolumeOfColumns(columns: readonly Float64Array[], reference: Point): number {
  const [x, y, z] = columns;
  switch (columns.length) {
    case 1:
      return x.length === 0 ? 0 : reference[0] - x.reduce((low, v) => Math.min(low, v));
    case 2:
      return hypervolume2d(x, y, reference[0], reference[1]);
    case 3:
      return hypervolume3d(x, y, z, reference[0], reference[1], reference[2]);
    case 4:
      return hypervolume4d(columns, reference);
    default:
      throw new RangeError(`columns of 1 to 4 coordinates, got ${columns.length}`);
  }
}

/** Volume that each point adds to all the others; 0 for dominated points and for each of several equal ones. */
export function hypervolumeContributions(points: readonly Point[], reference: Point): Float64Array {
  const contributions = new Float64Array(points.length);
  if (reference.length === 2) return contributions2d(points, reference, contributions);
  points.forEach((p, i) => {
    const others = points.filter((_, k) => k !== i);
    contributions[i] = exclusiveVolume(p, others, reference);
  });
  return contributions;
}

function contributions2d(points: readonly Point[], reference: Point, contributions: Float64Array): Float64Array {
  const order = points
    .map((_, i) => i)
    .filter((i) => points[i][0] < reference[0] && points[i][1] < reference[1])
    .sort((a, b) => compareLexicographically(points[a], points[b]));
  const front: number[] = [];
  const copies = new Set<number>();
  // What a front point alone covers may still be covered by a point that it dominates.
  const second = new Map<number, number[]>();
  for (const i of order) {
    const last = front.at(-1);
    if (last === undefined || points[i][1] < points[last][1]) front.push(i);
    else if (compareLexicographically(points[i], points[last]) === 0) copies.add(last);
    else second.set(last, [...(second.get(last) ?? []), i]);
  }
  front.forEach((i, at) => {
    if (copies.has(i)) return;
    const right = at + 1 < front.length ? points[front[at + 1]][0] : reference[0];
    const top = at > 0 ? points[front[at - 1]][1] : reference[1];
    const covered = (second.get(i) ?? []).map((k) => points[k]);
    contributions[i] = (right - points[i][0]) * (top - points[i][1]) - hypervolume(covered, [right, top]);
  });
  return contributions;
}
