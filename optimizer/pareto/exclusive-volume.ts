/**
 * Volume that one point adds to others in any number of dimensions, and the hypervolume built from it (WFG: While, Bradstreet, Barone,
 * IEEE TEVC 16(1), 2012): a point's box less the hypervolume of the others clipped to it, which dominate each other so much that few
 * remain. Points are rows of a flat array; buffers are kept per recursion depth, because the recursion makes thousands of small sets.
 */
import { ascendingOrder } from '../math/ascending-order.ts';
import { Archive3d } from './archive-3d.ts';
import type { Point } from './dominance.ts';
import { hypervolume2d } from './hypervolume-2d.ts';

/** Sets up to this size are ordered by insertion; typed-array sorting has a fixed cost. */
const SMALL = 48;

interface Level {
  clipped: Float64Array;
  order: Int32Array;
  slab: Float64Array;
  corner: Float64Array;
}

const levels: Level[] = [];

function level(depth: number, size: number): Level {
  levels[depth] ??= {
    clipped: new Float64Array(64),
    order: new Int32Array(64),
    slab: new Float64Array(64),
    corner: new Float64Array(64),
  };
  const own = levels[depth];
  const room = (length: number): number => Math.max(size, 2 * length);
  if (own.clipped.length < size) own.clipped = new Float64Array(room(own.clipped.length));
  if (own.corner.length < size) own.corner = new Float64Array(room(own.corner.length));
  if (own.slab.length < size) own.slab = new Float64Array(room(own.slab.length));
  if (own.order.length < size) own.order = new Int32Array(room(own.order.length));
  return own;
}

function boxVolume(rows: Float64Array, at: number, d: number, reference: Point): number {
  let volume = 1;
  for (let j = 0; j < d; j++) volume *= reference[j] - rows[at + j];
  return volume;
}

/**
 * Adds row `at` of `from` to the mutually non-dominated rows of `kept`, removing what it dominates; returns the new number of rows. The row
 * must not lie inside `kept`.
 */
function keepIfNonDominated(kept: Float64Array, count: number, d: number, from: Float64Array, at: number): number {
  let write = 0;
  for (let k = 0; k < count; k++) {
    const row = k * d;
    let keptIsBetter = true;
    let newIsBetter = true;
    for (let j = 0; j < d; j++) {
      const difference = kept[row + j] - from[at + j];
      if (difference > 0) keptIsBetter = false;
      else if (difference < 0) newIsBetter = false;
      if (!keptIsBetter && !newIsBetter) break;
    }
    // Nothing has been removed yet in this case: what the new row dominates, this one would dominate as well.
    if (keptIsBetter) return count;
    if (newIsBetter) continue;
    if (write !== k) kept.copyWithin(write * d, row, row + d);
    write++;
  }
  for (let j = 0; j < d; j++) kept[write * d + j] = from[at + j];
  return write + 1;
}

/** Order of `count` rows by coordinate `j`, ascending, into `order`. */
function orderBy(rows: Float64Array, count: number, d: number, j: number, order: Int32Array): void {
  if (count > SMALL) {
    order.set(ascendingOrder(Float64Array.from({ length: count }, (_, i) => rows[i * d + j])));
    return;
  }
  for (let i = 0; i < count; i++) {
    const key = rows[i * d + j];
    let at = i;
    while (at > 0 && rows[order[at - 1] * d + j] > key) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = i;
  }
}

/** Used by one call at a time: nothing recurses below three coordinates. */
const archive = new Archive3d(0, 0, 0);

function volumeInSpace(rows: Float64Array, count: number, d: number, reference: Point, order: Int32Array): number {
  archive.reset(reference[0], reference[1], reference[2]);
  let volume = 0;
  for (let k = 0; k < count; k++) {
    const at = (d === 4 ? order[k] : k) * d;
    const gain = archive.add(rows[at], rows[at + 1], rows[at + 2]);
    volume += d === 4 ? gain * (reference[3] - rows[at + 3]) : gain;
  }
  return volume;
}

/** Hypervolume of `count` rows of d coordinates, all strictly below the reference. */
export function hypervolumeOfRows(rows: Float64Array, count: number, d: number, reference: Point, depth = 0): number {
  if (count === 0) return 0;
  if (count === 1) return boxVolume(rows, 0, d, reference);
  if (d === 2) {
    const x = Float64Array.from({ length: count }, (_, i) => rows[2 * i]);
    const y = Float64Array.from({ length: count }, (_, i) => rows[2 * i + 1]);
    return hypervolume2d(x, y, reference[0], reference[1]);
  }
  const own = level(depth, count * d);
  const order = own.order;
  if (d > 3) orderBy(rows, count, d, d - 1, order);
  if (d === 3 || d === 4) return volumeInSpace(rows, count, d, reference, order);
  // Along the last coordinate each point adds what its shadow adds to the shadows before it, times the depth that is left.
  const lower = d - 1;
  const shadow = own.corner;
  let volume = 0;
  let shadows = 0;
  for (let k = 0; k < count; k++) {
    const at = order[k] * d;
    for (let j = 0; j < lower; j++) shadow[j] = rows[at + j];
    const added = exclusiveOfRow(shadow, own.slab, shadows, lower, reference, depth + 1);
    if (added === 0) continue;
    volume += added * (reference[lower] - rows[at + lower]);
    shadows = keepIfNonDominated(own.slab, shadows, lower, shadow, 0);
  }
  return volume;
}

/** Volume that `point` adds to `count` rows; 0 where one of them is nowhere worse. */
export function exclusiveOfRow(
  point: Float64Array,
  rows: Float64Array,
  count: number,
  d: number,
  reference: Point,
  depth = 0,
): number {
  const { clipped, corner } = level(depth, (count + 1) * d);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const at = i * d;
    let isNowhereWorse = true;
    for (let j = 0; j < d; j++) {
      const v = rows[at + j];
      if (v > point[j]) {
        isNowhereWorse = false;
        corner[j] = v;
      } else corner[j] = point[j];
    }
    if (isNowhereWorse) return 0;
    kept = keepIfNonDominated(clipped, kept, d, corner, 0);
  }
  const volume = boxVolume(point, 0, d, reference) - hypervolumeOfRows(clipped, kept, d, reference, depth + 1);
  return Math.max(0, volume);
}
