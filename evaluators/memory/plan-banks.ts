/**
 * Plans buffers over several banks of memory. The banks lie one behind the other in one range of offsets, with a wall between each two
 * that no buffer may share bytes with: so the complete search for one pool places buffers in banks too. As few banks as possible are
 * used, in their order, and of the last one as little as possible.
 */
import type { MemoryPlan, PlannedBuffer, UsedBank } from './buffer.ts';
import { type AllowedOverlap, alignedToMultiples, overlapLowerBound } from './overlap.ts';
import { type Stretch, searchOverlapping } from './search-overlapping.ts';

export interface MemoryBank {
  readonly name: string;
  readonly bytes: number;
}

/** Bytes of a wall, and what starts of banks are multiples of. */
const WALL = 16;
const NODE_LIMIT = 20_000;

/** 'infeasible' is a proof that the buffers do not fit; 'unknown' that the search gave up. Throws RangeError for an unknown bank. */
export type BankPlan =
  | { readonly kind: 'planned'; readonly plan: MemoryPlan }
  | { readonly kind: 'infeasible' | 'unknown' };

export function planBanks(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
  banks: readonly MemoryBank[],
  nodeLimit = NODE_LIMIT,
): BankPlan {
  const stray = buffers.find(({ bank }) => bank !== undefined && banks.every(({ name }) => name !== bank));
  if (stray !== undefined) throw new RangeError(`buffer ${JSON.stringify(stray.id)}: there is no bank ${stray.bank}`);
  const starts = startsOf(banks);
  // Distances that must be multiples are had by aligning more than is needed: what is then impossible may not be.
  const aligned = alignedToMultiples(buffers, overlaps);
  let proved = aligned === undefined;
  for (let count = 1; count <= banks.length; count++) {
    const attempt = (lastBytes: number) =>
      search({ buffers: aligned ?? buffers, overlaps, banks: banks.slice(0, count), starts, lastBytes, nodeLimit });
    const first = attempt(banks[count - 1].bytes);
    if (first.kind !== 'found') {
      proved &&= first.kind === 'infeasible';
      continue;
    }
    const least = shrinkLast(attempt, first.offsets, banks[count - 1].bytes);
    const used = usedBanks(buffers, least.offsets, banks.slice(0, count), starts);
    return {
      kind: 'planned',
      plan: {
        peakBytes: used.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
        lowerBoundBytes: overlapLowerBound(buffers, overlaps),
        offsets: new Map(buffers.map(({ id }, i) => [id, least.offsets[i]])),
        optimal: proved && least.proved,
        strategy: 'banks',
        banks: used,
      },
    };
  }
  return { kind: proved ? 'infeasible' : 'unknown' };
}

function startsOf(banks: readonly MemoryBank[]): number[] {
  let next = 0;
  return banks.map(({ bytes }) => {
    const start = next;
    next = Math.ceil((start + bytes + 1) / WALL) * WALL;
    return start;
  });
}

interface Attempt {
  readonly buffers: readonly PlannedBuffer[];
  readonly overlaps: readonly AllowedOverlap[];
  readonly banks: readonly MemoryBank[];
  readonly starts: readonly number[];
  /** What may be used of the last bank. */
  readonly lastBytes: number;
  readonly nodeLimit: number;
}

function search({ buffers, overlaps, banks, starts, lastBytes, nodeLimit }: Attempt) {
  const end = starts[banks.length - 1] + lastBytes;
  const from = buffers.reduce((least, { lower }) => Math.min(least, lower), Number.POSITIVE_INFINITY);
  const to = buffers.reduce((most, { upper }) => Math.max(most, upper), from + 1);
  const walls = banks.slice(1).map((_, k) => {
    const at = starts[k] + banks[k].bytes;
    return { id: `\nwall ${k}`, lower: from, upper: to, sizeBytes: starts[k + 1] - at, at };
  });
  const stretches = new Map<string, Stretch>(
    walls.map(({ id, at, sizeBytes }) => [id, { from: at, to: at + sizeBytes }]),
  );
  for (const { id, bank } of buffers) {
    const k = banks.findIndex(({ name }) => name === bank);
    if (bank !== undefined && k < 0) return { kind: 'infeasible' as const };
    if (k >= 0) stretches.set(id, { from: starts[k], to: starts[k] + banks[k].bytes });
  }
  return searchOverlapping([...buffers, ...walls], overlaps, end, nodeLimit, stretches);
}

/** Bisects what is used of the last bank. */
function shrinkLast(
  attempt: (lastBytes: number) => ReturnType<typeof search>,
  known: Float64Array,
  bytes: number,
): { readonly offsets: Float64Array; readonly proved: boolean } {
  let [low, high, offsets, proved] = [0, bytes, known, true];
  while (low < high) {
    const probe = Math.floor((low + high) / 2);
    const result = attempt(probe);
    if (result.kind === 'found') {
      offsets = result.offsets;
      high = probe;
    } else {
      proved &&= result.kind === 'infeasible';
      low = probe + 1;
    }
  }
  return { offsets, proved };
}

function usedBanks(
  buffers: readonly PlannedBuffer[],
  offsets: Float64Array,
  banks: readonly MemoryBank[],
  starts: readonly number[],
): UsedBank[] {
  return banks.map(({ name, bytes }, k) => {
    const within = buffers.map((_, i) => offsets[i] - starts[k]);
    const usedBytes = buffers.reduce(
      (most, { sizeBytes }, i) =>
        within[i] >= 0 && within[i] + sizeBytes <= bytes ? Math.max(most, within[i] + sizeBytes) : most,
      0,
    );
    return { name, start: starts[k], usedBytes, capacityBytes: bytes };
  });
}
