/**
 * How well a study's forecasts of a metric have been: completed trials are foretold from the same share of their curves as the running one
 * has gone. Curves measure another thing than what is told in the end (a part of the test set, a network before its quantization) or
 * take a shape that the forecasts do not know (learning rates that fall late); both show here.
 */
import type { Observations } from '../sampler.ts';
import type { CurveForecaster, CurvePoint } from './learning-curve.ts';
import type { TrialCurves } from './trial-curves.ts';

/** How forecasts miss what is told in the end: their mean error, and the deviation that they do not admit themselves. */
export interface Misses {
  readonly mean: number;
  readonly sd: number;
}

/** Fewer ended trials say nothing about it. */
const FEWEST_ENDED = 3;
/** Newest ended trials that are foretold again. */
const MOST_ENDED = 20;
const NO_MISSES: Misses = { mean: 0, sd: 0 };

/** Final metrics of the completed trials with curves that go to their end, and these curves. */
export function endedTrials(
  metric: string,
  observations: Observations,
  curves: ReadonlyMap<number, TrialCurves>,
  ended: ReadonlySet<number> = new Set(),
): readonly { readonly final: number; readonly curve: readonly CurvePoint[] }[] {
  const found = observations.flatMap(({ number, state, metrics }) => {
    const curve = curves.get(number)?.[metric] ?? [];
    const final = metrics[metric]?.mean;
    const counts = state === 'completed' && ended.has(number) && curve.length > 0 && Number.isFinite(final);
    return counts ? [{ final, curve }] : [];
  });
  return found.slice(-MOST_ENDED);
}

export type EndedTrials = ReturnType<typeof endedTrials>;

/** Foretells ended trials from their first `share`, all on the scale of one horizon. */
export function missesOf(ended: EndedTrials, forecaster: CurveForecaster, share: number, horizon: number): Misses {
  const misses = ended.flatMap(({ final, curve }) => {
    const scale = horizon / curve[curve.length - 1].step;
    const scaled = curve.map((point) => ({ ...point, step: point.step * scale }));
    const start = scaled.filter(({ step }) => step <= share * horizon * (1 + 1e-9));
    if (start.length === 0) return [];
    const { mean, sd } = forecaster(start);
    return [{ miss: final - mean, admitted: sd * sd }];
  });
  const n = misses.length;
  if (n < FEWEST_ENDED) return NO_MISSES;
  const mean = misses.reduce((sum, { miss }) => sum + miss, 0) / n;
  const variance = misses.reduce((sum, { miss }) => sum + (miss - mean) ** 2, 0) / (n - 1);
  const admitted = misses.reduce((sum, each) => sum + each.admitted, 0) / n;
  return { mean, sd: Math.sqrt(Math.max(0, variance * (1 + 1 / n) - admitted)) };
}

/** By how much what is told in the end differs from a curve's last value, in the mean. */
export function lastDifference(ended: EndedTrials): number {
  if (ended.length < FEWEST_ENDED) return 0;
  return ended.reduce((sum, { final, curve }) => sum + final - curve[curve.length - 1].value, 0) / ended.length;
}
