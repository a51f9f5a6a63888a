/**
 * Plans buffers of which some may lie under others (overlap.ts): greedy orders, the latest buffer first among them, since an output lies
 * under its input and so wants to be placed before it; then complete search for the smallest capacity. What the search refutes raises
 * the lower bound: a plan of that size is proved to be the smallest.
 */
import type { MemoryPlan, PlannedBuffer } from './buffer.ts';
import { GREEDY_RULES, greedyOrder } from './orders.ts';
import {
  type AllowedOverlap,
  alignedToMultiples,
  type OverlapTable,
  overlapLowerBound,
  overlapTable,
} from './overlap.ts';
import { conflictsOf, type Placement, placeInOrder } from './place.ts';
import { type OverlapSearchResult, searchOverlapping } from './search-overlapping.ts';

/** Nodes of each probe of the search. */
const NODE_LIMIT = 2000;

export function planOverlapping(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
  nodeLimit = NODE_LIMIT,
): MemoryPlan {
  const table = overlapTable(buffers, overlaps);
  const greedy = placeGreedily(buffers, table);
  const { placement, boundBytes } = minimize(buffers, overlaps, table, greedy, nodeLimit);
  return {
    peakBytes: placement.peakBytes,
    lowerBoundBytes: boundBytes,
    offsets: new Map(buffers.map(({ id }, index) => [id, placement.offsets[index]])),
    optimal: placement.peakBytes === boundBytes,
    strategy: 'overlapping',
  };
}

function placeGreedily(buffers: readonly PlannedBuffer[], table: OverlapTable): Placement {
  const conflicts = conflictsOf(buffers);
  const size = (index: number) => buffers[index].sizeBytes;
  const latestFirst = [...buffers.keys()].sort(
    (a, b) => buffers[b].upper - buffers[a].upper || size(b) - size(a) || a - b,
  );
  // Working memory lives for one step and fits into what the values leave free.
  const isScratch = (index: number) => buffers[index].upper - buffers[index].lower === 1;
  const scratchLast = [...latestFirst.filter((index) => !isScratch(index)), ...latestFirst.filter(isScratch)];
  const orders = [scratchLast, latestFirst, ...GREEDY_RULES.map((rule) => greedyOrder(rule, buffers, conflicts))];
  return orders
    .map((order) => placeInOrder(buffers, conflicts, order, Number.POSITIVE_INFINITY, table))
    .reduce((best, each) => (each.peakBytes < best.peakBytes ? each : best));
}

/** The smallest capacity between the bound and the peak of `known`: the bound itself first, then by bisection. */
function minimize(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
  table: OverlapTable,
  known: Placement,
  nodeLimit: number,
): { readonly placement: Placement; readonly boundBytes: number } {
  // Offsets are multiples of alignments, so peaks are multiples of what divides all alignments and sizes.
  const grain = Math.max(
    1,
    buffers.reduce((divisor, { sizeBytes, alignment = 1 }) => gcd(gcd(divisor, sizeBytes), alignment), 0),
  );
  const aligned = alignedToMultiples(buffers, overlaps);
  let boundBytes = Math.ceil(overlapLowerBound(buffers, overlaps) / grain) * grain;
  let placement = known;
  let low = boundBytes;
  for (let probe = low; low < placement.peakBytes; ) {
    const result = searchOverlapping(buffers, overlaps, probe, nodeLimit);
    // What is refuted without the multiples is impossible, and with it every smaller capacity.
    if (result.kind === 'infeasible') boundBytes = probe + grain;
    const better =
      placementOf(result, buffers, table) ??
      (result.kind === 'found' && aligned !== undefined
        ? placementOf(searchOverlapping(aligned, overlaps, probe, nodeLimit), buffers, table)
        : undefined);
    if (better === undefined) low = probe + grain;
    else placement = better;
    probe = low + Math.floor((placement.peakBytes - grain - low) / 2 / grain) * grain;
  }
  return { placement, boundBytes };
}

/** Undefined when nothing was found or an overlap is no multiple of what it must be. */
function placementOf(
  result: OverlapSearchResult,
  buffers: readonly PlannedBuffer[],
  table: OverlapTable,
): Placement | undefined {
  if (result.kind !== 'found') return undefined;
  const { offsets } = result;
  for (let below = 0; below < buffers.length; below++) {
    for (const [above, { multipleBytes }] of table[below]) {
      const distance = offsets[above] - offsets[below];
      if (distance >= 0 && distance < buffers[below].sizeBytes && distance % multipleBytes !== 0) return undefined;
    }
  }
  return { offsets, peakBytes: buffers.reduce((peak, { sizeBytes }, i) => Math.max(peak, offsets[i] + sizeBytes), 0) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
