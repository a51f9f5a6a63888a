/**
 * What an earlier study with (mostly) the same space says about this one: a model of each of its metrics becomes a prior mean, whose
 * residual the new study learns (stacked residual processes, as in Google Vizier). The discount scales how far the prior leaves
 * the earlier mean: 1 trusts it fully, 0 ignores it. With enough own trials the discount is learned from them.
 */
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';
import { SpaceError } from '../space/space-error.ts';
import { fitMetricModels, type MetricModel } from './explain/metric-models.ts';
import type { KnownMetric, Observations, SamplerProblem } from './sampler.ts';

export interface Transfer {
  /** For `SamplerProblem.priorMean`; metrics that the earlier study cannot predict are absent. */
  readonly priorMean: ReadonlyMap<string, KnownMetric>;
  /** Discount used per metric, in [0, 1]. */
  readonly discounts: ReadonlyMap<string, number>;
}

/** Own trials before the discount is learned from them. */
const FEWEST_OWN_TRIALS = 5;
/** The given discount counts like this many own trials. */
const PRIOR_TRIALS = 3;

/** `params` as a point of `space`, or null where it is none. */
function inSpace(space: SearchSpace, params: Params): Params | null {
  try {
    return space.validate(params);
  } catch (error) {
    if (error instanceof SpaceError) return null;
    throw error;
  }
}

function meanOf(source: Observations, metric: string): number {
  const values = source.flatMap(({ metrics }) => metrics[metric]?.mean ?? []);
  return values.length === 0 ? Number.NaN : values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Slope of own values on the earlier model's deviations from its mean, shrunk towards `given` and kept in [0, 1]. */
function learnDiscount(model: MetricModel, mean: number, metric: string, own: Observations, given: number): number {
  const pairs = own.flatMap(({ params, metrics }) => {
    const value = metrics[metric]?.mean;
    return value !== undefined && Number.isFinite(value) ? [{ x: model.predict(params).mean - mean, y: value }] : [];
  });
  if (pairs.length < FEWEST_OWN_TRIALS) return given;
  const n = pairs.length;
  const xBar = pairs.reduce((sum, { x }) => sum + x, 0) / n;
  const yBar = pairs.reduce((sum, { y }) => sum + y, 0) / n;
  const xx = pairs.reduce((sum, { x }) => sum + (x - xBar) ** 2, 0);
  if (!(xx > 0)) return given;
  const xy = pairs.reduce((sum, { x, y }) => sum + (x - xBar) * (y - yBar), 0);
  const ridge = (PRIOR_TRIALS * xx) / n;
  return Math.min(1, Math.max(0, (xy + given * ridge) / (xx + ridge)));
}

/**
 * Models of the trials `source` of an earlier study, and what they say once `own` trials of this study are there. Trials that are not
 * points of this space are left out. Deterministic.
 */
export function prepareTransfer(
  problem: SamplerProblem,
  source: Observations,
): (own: Observations, discount: number) => Transfer {
  const usable = source.flatMap((trial) => {
    const params = inSpace(problem.space, trial.params);
    return params === null ? [] : [{ ...trial, params }];
  });
  const models = fitMetricModels(problem, usable);
  return (own, discount) => {
    const priorMean = new Map<string, KnownMetric>();
    const discounts = new Map<string, number>();
    for (const [metric, model] of models) {
      if (model.isKnown) continue;
      const mean = meanOf(usable, metric);
      const weight = learnDiscount(model, mean, metric, own, Math.min(1, Math.max(0, discount)));
      discounts.set(metric, weight);
      if (weight > 0) priorMean.set(metric, (params) => mean + weight * (model.predict(params).mean - mean));
    }
    return { priorMean, discounts };
  };
}

/** The same in one step; `own` are this study's trials so far. */
export function transferFrom(problem: SamplerProblem, source: Observations, own: Observations, discount = 1): Transfer {
  return prepareTransfer(problem, source)(own, discount);
}
