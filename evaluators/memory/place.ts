/**
 * Placement of buffers in a given order: each at the lowest offset where it overlaps no buffer placed before it that is
 * alive at the same time. Every planner here is this rule with another order.
 */
import { overlapInTime, type PlannedBuffer } from './buffer.ts';

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

/** Places `order` (indices into `buffers`); stops early, with peak Infinity, once the peak reaches `giveUpAt`. */
export function placeInOrder(
  buffers: readonly PlannedBuffer[],
  conflicts: readonly (readonly number[])[],
  order: readonly number[],
  giveUpAt = Number.POSITIVE_INFINITY,
): Placement {
  const offsets = new Float64Array(buffers.length).fill(-1);
  let peakBytes = 0;
  for (const index of order) {
    const buffer = buffers[index];
    const offset = lowestGap(buffers, conflicts[index], offsets, buffer);
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
