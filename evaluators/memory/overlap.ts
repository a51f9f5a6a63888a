/**
 * Buffers that may share bytes although both are alive: a kernel that goes through its input in order is done with the front of it
 * when it writes the front of its output, so the output may lie under the input with a head start.
 */
import { overlapInTime, type PlannedBuffer } from './buffer.ts';

/** Safe when offset(above) - offset(below) is at least `distanceBytes` and a multiple of `multipleBytes`. */
export interface AllowedOverlap {
  /** The output. */
  readonly below: string;
  /** The input, which dies in this step. */
  readonly above: string;
  readonly distanceBytes: number;
  readonly multipleBytes: number;
}

/** Allowed overlaps by index of the lower buffer, then of the upper. */
export type OverlapTable = readonly ReadonlyMap<number, AllowedOverlap>[];

export function overlapTable(buffers: readonly PlannedBuffer[], overlaps: readonly AllowedOverlap[]): OverlapTable {
  const index = new Map(buffers.map(({ id }, position) => [id, position]));
  const table = buffers.map(() => new Map<number, AllowedOverlap>());
  for (const overlap of overlaps) {
    const [below, above] = [index.get(overlap.below), index.get(overlap.above)];
    if (below === undefined || above === undefined) throw new RangeError('an overlap of buffers that are not planned');
    table[below].set(above, overlap);
  }
  return table;
}

/**
 * The size below which no plan can get: at every moment the sizes of what is alive, less what the allowed overlaps of that moment
 * can save at most.
 */
export function overlapLowerBound(buffers: readonly PlannedBuffer[], overlaps: readonly AllowedOverlap[]): number {
  return Math.max(0, ...overlapNeeds(buffers, overlaps).values());
}

/** What each moment at which a buffer is born needs at least. */
export function overlapNeeds(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
): ReadonlyMap<number, number> {
  const byId = new Map(buffers.map((buffer) => [buffer.id, buffer]));
  const needs = new Map<number, number>();
  for (const { lower } of buffers) {
    if (needs.has(lower)) continue;
    let alive = 0;
    for (const buffer of buffers) if (buffer.lower <= lower && lower < buffer.upper) alive += buffer.sizeBytes;
    for (const { below, above, distanceBytes } of overlaps) {
      const [a, b] = [byId.get(below), byId.get(above)];
      if (a === undefined || b === undefined || !overlapInTime(a, b)) continue;
      if (Math.max(a.lower, b.lower) > lower || Math.min(a.upper, b.upper) <= lower) continue;
      alive -= Math.max(0, a.sizeBytes + b.sizeBytes - Math.max(distanceBytes + b.sizeBytes, a.sizeBytes));
    }
    needs.set(lower, alive);
  }
  return needs;
}

/** Buffers whose distances must be multiples start at such multiples themselves; undefined when there are none. */
export function alignedToMultiples(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
): PlannedBuffer[] | undefined {
  const multiples = new Map<string, number>();
  for (const { below, above, multipleBytes } of overlaps) {
    for (const id of [below, above]) multiples.set(id, lcm(multiples.get(id) ?? 1, multipleBytes));
  }
  if ([...multiples.values()].every((multiple) => multiple === 1)) return undefined;
  return buffers.map((buffer) => ({ ...buffer, alignment: lcm(buffer.alignment ?? 1, multiples.get(buffer.id) ?? 1) }));
}

function lcm(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
