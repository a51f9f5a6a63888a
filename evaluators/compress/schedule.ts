/**
 * How a pruning target is approached (paper, Sec. 3.1). With n steps, the share removed after step t = 1..n is
 *
 *   oneShot    s_f at once
 *   iterative  s_f · t / n
 *   agp        s_f · (1 - (1 - t/n)^3)   (automated gradual pruning, Zhu & Gupta 2017, with initial sparsity 0)
 */
import type { LayerPrune, PrunePlan } from '../compression-plan.ts';

/** Progress 0..1 towards the final share after each step. */
export function pruneProgress(schedule: PrunePlan['schedule']): number[] {
  if (schedule === undefined || schedule.kind === 'oneShot') return [1];
  const steps = Math.max(1, Math.round(schedule.steps));
  return Array.from({ length: steps }, (_, i) => {
    const t = (i + 1) / steps;
    return schedule.kind === 'agp' ? 1 - (1 - t) ** 3 : t;
  });
}

/** Share of the training that follows the last of several steps: what it leaves is what counts. */
const LAST_SHARE = 0.5;

/** Share of all epochs after each step. */
export function trainingShares(steps: number): number[] {
  if (steps <= 1) return [1];
  return Array.from({ length: steps }, (_, i) => (i === steps - 1 ? LAST_SHARE : (1 - LAST_SHARE) / (steps - 1)));
}

/** Layer targets on the way: widths for layers that have `before` structures. */
export function layersAt(
  layers: Readonly<Record<string, LayerPrune>>,
  before: ReadonlyMap<string, number>,
  progress: number,
): Record<string, LayerPrune> {
  return Object.fromEntries(
    Object.entries(layers).map(([name, asked]) => {
      const size = before.get(name);
      if (size === undefined) return [name, asked];
      const final = typeof asked === 'number' ? Math.round(size * (1 - asked)) : asked.keep;
      return [name, { keep: progress === 1 ? final : Math.round(size - (size - final) * progress) }];
    }),
  );
}
