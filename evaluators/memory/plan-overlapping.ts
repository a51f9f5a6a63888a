/**
 * Plans buffers of which some may lie under others (overlap.ts): greedy orders, the latest buffer first among them, since an output lies
 * under its input and so wants to be placed before it; then hill climbing towards the lower bound.
 */
import type { MemoryPlan, PlannedBuffer } from './buffer.ts';
import { hillClimb } from './hill-climb.ts';
import { GREEDY_RULES, greedyOrder } from './orders.ts';
import { type AllowedOverlap, overlapLowerBound, overlapTable } from './overlap.ts';
import { conflictsOf, placeInOrder } from './place.ts';

/** Orders to climb from, and steps of each climb. */
const CLIMBS = 3;
const ATTEMPTS = 200;

export function planOverlapping(buffers: readonly PlannedBuffer[], overlaps: readonly AllowedOverlap[]): MemoryPlan {
  const conflicts = conflictsOf(buffers);
  const table = overlapTable(buffers, overlaps);
  const bound = overlapLowerBound(buffers, overlaps);
  const size = (index: number) => buffers[index].sizeBytes;
  const latestFirst = [...buffers.keys()].sort(
    (a, b) => buffers[b].upper - buffers[a].upper || size(b) - size(a) || a - b,
  );
  // Working memory lives for one step and fits into what the values leave free.
  const isScratch = (index: number) => buffers[index].upper - buffers[index].lower === 1;
  const scratchLast = [...latestFirst.filter((index) => !isScratch(index)), ...latestFirst.filter(isScratch)];
  const orders = [scratchLast, latestFirst, ...GREEDY_RULES.map((rule) => greedyOrder(rule, buffers, conflicts))];
  const tried = orders.map((order) => ({
    order,
    placement: placeInOrder(buffers, conflicts, order, Number.POSITIVE_INFINITY, table),
  }));
  tried.sort((a, b) => a.placement.peakBytes - b.placement.peakBytes);
  let { placement } = tried[0];
  for (const { order } of tried.slice(0, CLIMBS)) {
    if (placement.peakBytes === bound) break;
    const climbed = hillClimb(buffers, conflicts, order, bound, ATTEMPTS, table).placement;
    if (climbed.peakBytes < placement.peakBytes) placement = climbed;
  }
  return {
    peakBytes: placement.peakBytes,
    lowerBoundBytes: bound,
    offsets: new Map(buffers.map(({ id }, index) => [id, placement.offsets[index]])),
    optimal: placement.peakBytes === bound,
    strategy: 'overlapping',
  };
}
