/**
 * The memory planner: offsets for buffers with known lifetimes (offline dynamic storage allocation, NP-hard). The best of
 * the greedy rules, then hill climbing, then complete search, until the lower bound (or the capacity asked for) is met.
 */
import type { MemoryPlan, PlannedBuffer } from './buffer.ts';
import { hillClimb } from './hill-climb.ts';
import { lowerBound } from './lower-bound.ts';
import { minimizePeak } from './minimize-peak.ts';
import { GREEDY_RULES, type GreedyRule, greedyOrder } from './orders.ts';
import { conflictsOf, type Placement, placeInOrder } from './place.ts';

export interface PlanOptions {
  /** `best` (default), or one rule alone, for comparisons. */
  readonly strategy?: 'best' | GreedyRule;
  /** Hill-climbing steps after the greedy rules; 300 when absent. */
  readonly attempts?: number;
  /** Stop as soon as a plan fits this many bytes; absent = the smallest plan. */
  readonly capacityBytes?: number;
  /** Nodes of each probe of the complete search; 100,000 when absent, 0 = heuristics only. */
  readonly nodeLimit?: number;
}

/** Throws RangeError on an empty lifetime, a negative or fractional size, or two buffers with one id. */
export function planMemory(buffers: readonly PlannedBuffer[], options: PlanOptions = {}): MemoryPlan {
  checkBuffers(buffers);
  const conflicts = conflictsOf(buffers);
  const bound = lowerBound(buffers).bytes;
  const strategy = options.strategy ?? 'best';
  const rules = strategy === 'best' ? GREEDY_RULES : [strategy];
  let found: { rule: string; order: number[]; placement: Placement } | undefined;
  for (const rule of rules) {
    const order = greedyOrder(rule, buffers, conflicts);
    const placement = placeInOrder(buffers, conflicts, order);
    if (found === undefined || placement.peakBytes < found.placement.peakBytes) found = { rule, order, placement };
    if (found.placement.peakBytes === bound) break;
  }
  if (found === undefined) throw new RangeError('no placement rule given');
  let { rule, placement } = found;
  let optimal = placement.peakBytes === bound;
  const target = Math.max(bound, options.capacityBytes ?? 0);
  if (strategy === 'best' && placement.peakBytes > target) {
    const climbed = hillClimb(buffers, conflicts, found.order, target, options.attempts ?? 300).placement;
    if (climbed.peakBytes < placement.peakBytes) {
      placement = climbed;
      rule = 'hillClimb';
    }
  }
  if (strategy === 'best' && placement.peakBytes > target) {
    const searched = minimizePeak(buffers, target, placement.peakBytes, options.nodeLimit ?? 100_000);
    optimal = searched?.optimal ?? false;
    if (searched !== null) {
      placement = searched;
      rule = 'search';
    }
  }
  return {
    peakBytes: placement.peakBytes,
    lowerBoundBytes: bound,
    offsets: new Map(buffers.map((buffer, index) => [buffer.id, placement.offsets[index]])),
    optimal: optimal || placement.peakBytes === bound,
    strategy: rule,
  };
}

function checkBuffers(buffers: readonly PlannedBuffer[]): void {
  const seen = new Set<string>();
  for (const { id, lower, upper, sizeBytes, alignment = 1 } of buffers) {
    if (seen.has(id)) throw new RangeError(`two buffers are called ${JSON.stringify(id)}`);
    seen.add(id);
    if (!(lower < upper)) throw new RangeError(`buffer ${JSON.stringify(id)}: lifetime [${lower}, ${upper}) is empty`);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      throw new RangeError(`buffer ${JSON.stringify(id)}: size ${sizeBytes} is not a byte count`);
    }
    if (!Number.isSafeInteger(alignment) || alignment < 1) {
      throw new RangeError(`buffer ${JSON.stringify(id)}: alignment ${alignment} is not a positive integer`);
    }
  }
}
