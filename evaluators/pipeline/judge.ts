/** Decides what an evaluation became: metrics within the board and the limits are `completed`, others `infeasible` with the reason. */
import type { BoardSpec } from '../board-spec.ts';
import type { Metric, Metrics } from '../outcome.ts';
import type { HardLimit } from './evaluation.ts';

/** A number that the planner or the code generator computed. */
export function simulated(value: number, stderr?: number): Metric {
  return { mean: value, provenance: 'simulated', ...(stderr === undefined ? {} : { stderr }) };
}

/**
 * The first reason why metrics cannot be accepted, or null. Metrics that are not known yet are not judged. `romSlack` is the share by
 * which `romBytes` may still change: some tables depend on the trained weights.
 */
export function refusal(metrics: Metrics, board: BoardSpec, limits: readonly HardLimit[], romSlack = 0): string | null {
  const rom = metrics['romBytes']?.mean ?? 0;
  if (rom * (1 - romSlack) > board.flashBytes)
    return `needs ${rom} bytes of flash, ${board.title} has ${board.flashBytes}`;
  const ram = metrics['ramBytes']?.mean ?? 0;
  if (ram > board.ramBytes) return `needs ${ram} bytes of RAM, ${board.title} has ${board.ramBytes}`;
  for (const { name, metric, op, bound } of limits) {
    const value = metrics[metric]?.mean;
    if (value === undefined) continue;
    const slack = metric.startsWith('romBytes') ? romSlack * value : 0;
    if (op === '<=' ? value - slack > bound : value + slack < bound) return `${name} is not met: ${metric} is ${value}`;
  }
  return null;
}
