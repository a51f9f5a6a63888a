/**
 * Whether a running trial is still worth its time: the probability that its final metrics, as its learning curves foretell them, improve
 * the hypervolume of the front and meet the constraints. Works for any number of objectives; metrics without a curve are taken from what
 * the trial has already reported as final, from what is known beforehand, from a model, or else assumed as good as can be (which never
 * stops a trial wrongly). A curve need not measure quite what is told in the end (a part of the test set, a network before its
 * quantization), nor have a shape that the forecasts know: what they missed before is added (forecast-misses.ts).
 */
import { createRng, type Rng } from '../../math/rng.ts';
import { weaklyDominates } from '../../pareto/dominance.ts';
import type { Params } from '../../space/parameter.ts';
import type { MetricModel } from '../explain/metric-models.ts';
import type { Observations, SamplerProblem } from '../sampler.ts';
import { scoreTrials } from '../scored-trials.ts';
import { endedTrials, lastDifference, missesOf } from './forecast-misses.ts';
import { type CurveForecast, createForecaster } from './learning-curve.ts';
import { type TrialCurves, trialHistory } from './trial-curves.ts';

export interface RunningTrial {
  readonly number: number;
  readonly params: Params;
  readonly curves: TrialCurves;
  /** Step at which the trial would end. */
  readonly horizon: number;
  /** Metrics that the trial has already measured for good. */
  readonly finals?: Readonly<Record<string, number>>;
}

export interface EarlyStoppingOptions {
  /** Stop below this probability of improving; default 0.05. */
  readonly threshold?: number;
  /** Steps before a trial may be stopped; default 2. */
  readonly minSteps?: number;
  /** Completed trials before any trial may be stopped; default 5. */
  readonly minCompleted?: number;
  /** Predictions for metrics without a curve. */
  readonly models?: ReadonlyMap<string, Pick<MetricModel, 'predict'>>;
  /** Trials whose curves go to their end: how well these foretell the final metrics mends the forecast. */
  readonly ended?: ReadonlySet<number>;
}

export interface EarlyStoppingVerdict {
  readonly stop: boolean;
  /** That the finished trial would be feasible and improve the hypervolume. */
  readonly probability: number;
  /**
   * Foretold final values of the metrics that have a curve. A stopped trial may be told with them (mean, and sd as standard error) in the
   * state `pruned`, so that models learn from it.
   */
  readonly predicted: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
  readonly reason: string;
}

const DRAWS = 1024;
const DEFAULT_THRESHOLD = 0.05;
const DEFAULT_MIN_STEPS = 2;
const DEFAULT_MIN_COMPLETED = 5;

type Draw = (rng: Rng) => number | undefined;

function drawForecast({ components }: CurveForecast, rng: Rng): number {
  let u = rng.nextFloat();
  let chosen = components[components.length - 1];
  for (const component of components) {
    u -= component.weight;
    if (u < 0) {
      chosen = component;
      break;
    }
  }
  return chosen.mean + chosen.sd * rng.nextNormal();
}

/** Draws of a metric that has no curve; undefined = unknown. */
function otherDraw(problem: SamplerProblem, trial: RunningTrial, metric: string, options: EarlyStoppingOptions): Draw {
  const final = trial.finals?.[metric];
  if (final !== undefined) return () => final;
  const known = problem.known?.get(metric);
  if (known !== undefined) {
    const value = known(trial.params);
    return () => value;
  }
  const model = options.models?.get(metric);
  if (model === undefined) return () => undefined;
  const { mean, sd } = model.predict(trial.params);
  return (rng) => mean + sd * rng.nextNormal();
}

/** Whether objectives `y` (turned; undefined = as good as can be) improve on the front. */
function improves(
  y: readonly (number | undefined)[],
  front: readonly (readonly number[])[],
  reference: readonly (number | undefined)[],
): boolean {
  const point = y.map((v) => v ?? Number.NEGATIVE_INFINITY);
  const isInside = point.every((v, j) => reference[j] === undefined || v < reference[j]);
  return isInside && !front.some((p) => weaklyDominates(p, point));
}

/** `curves`: intermediate values by trial number, of finished and running trials. The same input always gives the same verdict. */
export function judgeRunningTrial(
  problem: SamplerProblem,
  observations: Observations,
  curves: ReadonlyMap<number, TrialCurves>,
  trial: RunningTrial,
  options: EarlyStoppingOptions = {},
): EarlyStoppingVerdict {
  const completed = observations.filter(({ state }) => state === 'completed').length;
  const steps = Object.values(trial.curves).reduce((most, curve) => Math.max(most, curve.length), 0);
  const minCompleted = options.minCompleted ?? DEFAULT_MIN_COMPLETED;
  const minSteps = options.minSteps ?? DEFAULT_MIN_STEPS;
  if (completed < minCompleted || steps < minSteps) {
    const reason =
      completed < minCompleted ? `fewer than ${minCompleted} completed trials` : `fewer than ${minSteps} steps`;
    return { stop: false, probability: 1, predicted: {}, reason };
  }
  const metrics = [
    ...new Set([...problem.objectives.map((o) => o.metric), ...problem.constraints.flatMap((c) => c.metrics)]),
  ];
  const predicted: Record<string, { mean: number; sd: number }> = {};
  const draws = metrics.map((metric): Draw => {
    const curve = trial.curves[metric];
    if (curve === undefined || curve.length === 0) return otherDraw(problem, trial, metric, options);
    const ended = endedTrials(metric, observations, curves, options.ended);
    const history = trialHistory(metric, observations, curves, trial.number, lastDifference(ended));
    const forecaster = createForecaster(curve, trial.horizon, history);
    const forecast = forecaster(curve);
    const misses = missesOf(ended, forecaster, curve[curve.length - 1].step / trial.horizon, trial.horizon);
    predicted[metric] = { mean: forecast.mean + misses.mean, sd: Math.hypot(forecast.sd, misses.sd) };
    if (misses.sd === 0) return (rng) => drawForecast(forecast, rng) + misses.mean;
    return (rng) => drawForecast(forecast, rng) + misses.mean + misses.sd * rng.nextNormal();
  });
  const probability = probabilityOfImprovement(problem, observations, metrics, draws, trial.number);
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  const words = `${Number((100 * probability).toPrecision(2))} % chance to improve the front`;
  const stop = probability < threshold;
  return { stop, probability, predicted, reason: `${words} (stops below ${100 * threshold} %)` };
}

function probabilityOfImprovement(
  problem: SamplerProblem,
  observations: Observations,
  metrics: readonly string[],
  draws: readonly Draw[],
  seed: number,
): number {
  const signs = problem.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
  const reference = problem.objectives.map((o, j) => (o.reference === undefined ? undefined : signs[j] * o.reference));
  const front = scoreTrials(problem, observations).flatMap((t) =>
    t.isFeasible && t.objectives !== null ? [t.objectives] : [],
  );
  const rng = createRng(seed, 0, 'early stopping');
  let improving = 0;
  for (let i = 0; i < DRAWS; i++) {
    const values: Record<string, number | undefined> = {};
    metrics.forEach((metric, k) => {
      values[metric] = draws[k](rng);
    });
    const isFeasible = problem.constraints.every((constraint) => {
      const has = constraint.metrics.every((metric) => values[metric] !== undefined);
      return !has || !(constraint.violation(values as Record<string, number>) > 0);
    });
    if (!isFeasible) continue;
    const y = problem.objectives.map(({ metric }, j) => {
      const value = values[metric];
      return value === undefined ? undefined : signs[j] * value;
    });
    if (improves(y, front, reference)) improving++;
  }
  return improving / DRAWS;
}
