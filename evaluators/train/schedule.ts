/** Learning-rate schedules. */
import type { FinetunePlan } from '../compression-plan.ts';

/** One-cycle: share of the steps that warm up, and how far below the peak it starts and ends (Smith and Topin, 2018). */
const WARM_SHARE = 0.3;
const START_DIVISOR = 25;
const END_DIVISOR = 1e4;
/** Plateau: epochs without a better loss before the rate falls, the factor, and what counts as better. */
const PATIENCE = 2;
const PLATEAU_FACTOR = 0.1;
const IMPROVEMENT = 1e-4;

export interface Schedule {
  /** Learning rate of step `step` (0-based) of `steps`. */
  rate(step: number): number;
  /** Reports the mean loss of a finished epoch. */
  epochEnded(loss: number): void;
}

function between(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}

export function createSchedule(plan: Pick<FinetunePlan, 'schedule' | 'learningRate'>, steps: number): Schedule {
  const peak = plan.learningRate;
  const fixed = (rate: (step: number) => number): Schedule => ({ rate, epochEnded() {} });
  switch (plan.schedule ?? 'constant') {
    case 'constant':
      return fixed(() => peak);
    case 'step':
      return fixed((step) => peak * 0.1 ** Math.floor((3 * step) / Math.max(1, steps)));
    case 'cosine':
      return fixed((step) => between(peak, 0, step / Math.max(1, steps)));
    case 'oneCycle':
      return fixed((step) => {
        const warm = Math.max(1, Math.floor(WARM_SHARE * steps));
        if (step < warm) return between(peak / START_DIVISOR, peak, step / warm);
        return between(peak, peak / END_DIVISOR, (step - warm) / Math.max(1, steps - warm));
      });
    case 'plateau': {
      let rate = peak;
      let best = Number.POSITIVE_INFINITY;
      let bad = 0;
      return {
        rate: () => rate,
        epochEnded(loss) {
          if (loss < best * (1 - IMPROVEMENT)) {
            best = loss;
            bad = 0;
          } else if (++bad > PATIENCE) {
            rate *= PLATEAU_FACTOR;
            bad = 0;
          }
        },
      };
    }
  }
}
