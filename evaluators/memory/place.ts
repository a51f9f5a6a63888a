/**
 * Placement of buffers in a given order: each at the lowest offset where it overlaps no buffer placed before it that is
 * alive at the same time. Every planner here is this rule with another order.
 */
import { overlapInTime, type PlannedBuffer } from './buffer.ts';
import type { OverlapTable } from './overlap.ts';

export interface Placement {
  readonly offsets: Float64Array;
  readonly peakBytes: number;
}

/** For each buffer the indices of the buffers alive at some moment of its life. */
export function conflictsOf(buffers: readonly PlannedBuffer[]): readonly (readonly number[])[] {
  const byStart = buffers.map((_, index) => index);
  byStart.sort((a, b) => buffers[a].lower - buffers[b].lower);
  const conflicts: number[][] = buffers.map(() => []);
  let active: number[] = [];
  for (const index of byStart) {
    const buffer = buffers[index];
    active = active.filter((other) => buffers[other].upper > buffer.lower);
    for (const other of active) {
      if (!overlapInTime(buffers[other], buffer)) continue;
      conflicts[index].push(other);
      conflicts[other].push(index);
    }
    active.push(index);
  }
  return conflicts;
}

/** Places `order` (indices into `buffers`), where allowed under or over each other; stops early, with peak Infinity, once the peak reaches `giveUpAt`. */
export function placeInOrder(
  buffers: readonly PlannedBuffer[],
  conflicts: readonly (readonly number[])[],
  order: readonly number[],
  giveUpAt = Number.POSITIVE_INFINITY,
  overlaps?: OverlapTable,
): Placement {
  const offsets = new Float64Array(buffers.length).fill(-1);
  let peakBytes = 0;
  for (const index of order) {
    const buffer = buffers[index];
    const offset =
      overlaps === undefined
        ? lowestGap(buffers, conflicts[index], offsets, buffer)
        : lowestPlace(buffers, conflicts[index], offsets, index, overlaps);
    offsets[index] = offset;
    peakBytes = Math.max(peakBytes, offset + buffer.sizeBytes);
    if (peakBytes >= giveUpAt) return { offsets, peakBytes: Number.POSITIVE_INFINITY };
  }
  return { offsets, peakBytes };
}

function lowestGap(
  buffers: readonly PlannedBuffer[],
  neighbours: readonly number[],
  offsets: Float64Array,
  buffer: PlannedBuffer,
): number {
  const placed = neighbours.filter((other) => offsets[other] >= 0);
  placed.sort((a, b) => offsets[a] - offsets[b]);
  const alignment = buffer.alignment ?? 1;
  let candidate = 0;
  for (const other of placed) {
    if (offsets[other] >= candidate + buffer.sizeBytes) break;
    const end = offsets[other] + buffers[other].sizeBytes;
    candidate = Math.max(candidate, Math.ceil(end / alignment) * alignment);
  }
  return candidate;
}

/** The lowest offset that is apart from every placed neighbour, or at a safe distance under or over it. */
function lowestPlace(
  buffers: readonly PlannedBuffer[],
  neighbours: readonly number[],
  offsets: Float64Array,
  index: number,
  overlaps: OverlapTable,
): number {
  const { alignment = 1 } = buffers[index];
  const placed = neighbours.filter((other) => offsets[other] >= 0);
  let candidate = 0;
  for (let settled = false; !settled; ) {
    settled = true;
    for (const other of placed) {
      const needed = nextPlace(buffers, offsets[other], other, index, candidate, overlaps);
      if (needed <= candidate) continue;
      candidate = Math.ceil(needed / alignment) * alignment;
      settled = false;
    }
  }
  return candidate;
}

/** The least offset from `candidate` on at which buffer `index` does not disturb the placed buffer `other`. */
function nextPlace(
  buffers: readonly PlannedBuffer[],
  at: number,
  other: number,
  index: number,
  candidate: number,
  overlaps: OverlapTable,
): number {
  const end = at + buffers[other].sizeBytes;
  if (candidate >= end || candidate + buffers[index].sizeBytes <= at) return candidate;
  const under = overlaps[index].get(other);
  if (under !== undefined) {
    const distance = at - candidate;
    if (distance >= under.distanceBytes) {
      const excess = distance % under.multipleBytes;
      if (candidate + excess <= at - under.distanceBytes) return candidate + excess;
    }
  }
  const over = overlaps[other].get(index);
  if (over !== undefined) {
    const distance = Math.max(candidate - at, over.distanceBytes);
    return Math.min(end, at + Math.ceil(distance / over.multipleBytes) * over.multipleBytes);
  }
  return end;
}
