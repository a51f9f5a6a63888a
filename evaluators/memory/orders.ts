/** The orders in which the greedy planners place buffers; ties are broken by position, so plans are deterministic. */
import type { PlannedBuffer } from './buffer.ts';

export const GREEDY_RULES = ['firstFit', 'bySize', 'byLifetime', 'byArea', 'byConflicts'] as const;
export type GreedyRule = (typeof GREEDY_RULES)[number];

/**
 * `firstFit`: in the order of birth, as in arXiv 2205.10369. `bySize`: largest first. `byLifetime`: longest first.
 * `byArea`: largest size · lifetime first. `byConflicts`: most neighbours first.
 */
export function greedyOrder(
  rule: GreedyRule,
  buffers: readonly PlannedBuffer[],
  conflicts: readonly (readonly number[])[],
): number[] {
  const life = (index: number) => buffers[index].upper - buffers[index].lower;
  const size = (index: number) => buffers[index].sizeBytes;
  const keys: { readonly [R in GreedyRule]: (index: number) => number } = {
    firstFit: (index) => buffers[index].lower,
    bySize: (index) => -size(index),
    byLifetime: (index) => -life(index),
    byArea: (index) => -life(index) * size(index),
    byConflicts: (index) => -conflicts[index].length,
  };
  const key = keys[rule];
  const order = buffers.map((_, index) => index);
  order.sort((a, b) => key(a) - key(b) || (rule === 'firstFit' ? 0 : size(b) - size(a)) || a - b);
  return order;
}
