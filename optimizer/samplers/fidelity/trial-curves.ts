/** What the other trials of a study say about the learning curve of one metric. */
import type { Observations } from '../sampler.ts';
import type { CurveHistory, CurvePoint } from './learning-curve.ts';

/** Intermediate values of one trial, by metric, in order of steps. */
export type TrialCurves = Readonly<Record<string, readonly CurvePoint[]>>;

/** All but trial `self`; `difference`: what is told in the end minus the last value of a curve. */
export function trialHistory(
  metric: string,
  observations: Observations,
  curves: ReadonlyMap<number, TrialCurves>,
  self: number,
  difference: number,
): CurveHistory {
  const finals = observations.flatMap(({ number, state, metrics }) => {
    const value = metrics[metric]?.mean;
    return number !== self && state === 'completed' && Number.isFinite(value) ? [value - difference] : [];
  });
  const others = [...curves].flatMap(([number, all]) =>
    number !== self && all[metric] !== undefined ? [all[metric]] : [],
  );
  return { curves: others, finals };
}
