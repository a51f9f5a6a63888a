/**
 * Hypervolume per second instead of per trial: one parameter (epochs, share of the data) sets what a trial costs. A sampler with a model
 * proposes points; for each the level of that parameter is chosen anew, and earlier good trials may be repeated at a higher level. What
 * promises most expected hypervolume improvement per second of evaluation is suggested.
 */

import { normalCdf } from '../../math/normal.ts';
import type { Params } from '../../space/parameter.ts';
import { fitMetricModels, type MetricModel } from '../explain/metric-models.ts';
import { FreshCells } from '../fresh-cells.ts';
import type { KnownMetric, Observations, ObservedTrial, Sampler, SamplerProblem, Suggestion } from '../sampler.ts';
import { studyProgress } from '../study-progress.ts';
import { type Investment, rankByGainPerCost } from './gain-per-cost.ts';

export interface FidelityOptions {
  /** The parameter that sets the effort. */
  readonly parameter: string;
  /** Seconds that evaluating a point takes; positive. */
  readonly seconds: KnownMetric;
  /** As in `SamplerOptions`. */
  readonly interrupt?: () => void;
}

/** Levels tried of a long or continuous range, both ends included. */
const MOST_LEVELS = 11;
/** Earlier trials that may be raised to a higher level: the newest of the front. */
const MOST_RAISED = 8;
/**
 * Cheap options are only worth it while they promise this share of the largest expected gain: dividing by the cost alone would try all
 * that is nearly free before anything good.
 */
const LEAST_SHARE = 0.8;

function levelsOf({ space }: SamplerProblem, parameter: string): (string | number | boolean)[] {
  const dimension = space.dimensions.find(({ name }) => name === parameter);
  if (dimension === undefined) throw new RangeError(`the space has no parameter ${parameter}`);
  const { levels } = dimension;
  if (levels <= MOST_LEVELS) return Array.from({ length: levels }, (_, k) => dimension.valueOfLevel(k));
  return Array.from({ length: MOST_LEVELS }, (_, k) => dimension.valueAt(k / (MOST_LEVELS - 1)));
}

/** Probability that all constraints hold, taking their metrics as independent normals around a straight violation. */
function feasibility(problem: SamplerProblem, models: ReadonlyMap<string, MetricModel>, params: Params): number {
  let probability = 1;
  for (const constraint of problem.constraints) {
    const at: Record<string, number> = {};
    for (const metric of constraint.metrics) at[metric] = models.get(metric)?.predict(params).mean ?? Number.NaN;
    const violation = constraint.violation(at);
    if (!Number.isFinite(violation)) continue;
    let variance = 0;
    for (const metric of constraint.metrics) {
      const sd = models.get(metric)?.predict(params).sd ?? 0;
      const slope = constraint.violation({ ...at, [metric]: at[metric] + sd }) - violation;
      variance += slope * slope;
    }
    probability *= variance > 0 ? normalCdf(-violation / Math.sqrt(variance)) : Number(violation <= 0);
  }
  return probability;
}

export function createFidelitySampler(
  problem: SamplerProblem,
  inner: Sampler,
  { parameter, seconds, ...interrupting }: FidelityOptions,
): Sampler {
  const levels = levelsOf(problem, parameter);
  const { space } = problem;

  /** The points between which a choice is made: proposals at every level, and good trials at higher ones. */
  const options = (proposals: readonly Params[], observations: Observations): Params[] => {
    const at = (params: Params): Params[] => {
      if (!Object.hasOwn(params, parameter)) return [params];
      return levels.map((level) => ({ ...params, [parameter]: level }));
    };
    const byNumber = new Map(observations.map((trial) => [trial.number, trial]));
    const good = studyProgress(problem, observations).front.slice(-MOST_RAISED);
    const raised = good.flatMap((number) => {
      const { params = {} } = byNumber.get(number) ?? {};
      return at(params).filter((other) => seconds(other) > seconds(params));
    });
    return [...proposals.flatMap(at), ...raised];
  };

  const choose = (suggestion: Suggestion, observations: Observations): Suggestion => {
    if (suggestion.why.acquisition === undefined) return suggestion;
    const finished = observations.filter(({ state }) => state !== 'pending');
    const models = fitMetricModels(problem, finished, interrupting);
    if (problem.objectives.some(({ metric }) => !models.has(metric))) return suggestion;
    const fresh = new FreshCells(problem, observations);
    const points = options([suggestion.params], finished).filter((params) => {
      return space.isAllowed(params) && fresh.isFresh(params);
    });
    const investments = points.map((params, i): Investment => {
      const predicted = Object.fromEntries([...models].map(([metric, model]) => [metric, model.predict(params)]));
      const probabilityFeasible = feasibility(problem, models, params);
      return { id: String(i), costSeconds: seconds(params), predicted, probabilityFeasible };
    });
    const ranked = rankByGainPerCost(problem, finished, investments);
    const largest = ranked.reduce((most, { expectedGain }) => Math.max(most, expectedGain), 0);
    const best = ranked.find(({ expectedGain }) => expectedGain >= LEAST_SHARE * largest);
    const params = best === undefined ? undefined : points[Number(best.id)];
    if (best === undefined || params === undefined || !(best.expectedGain > 0)) return suggestion;
    const predicted = Object.fromEntries([...models].map(([metric, model]) => [metric, model.predict(params)]));
    const cost = `${Number(seconds(params).toPrecision(3))} s`;
    const note = `${parameter} ${String(params[parameter])}: most expected gain per second among ${points.length} options, at ${cost}`;
    return { params, why: { ...suggestion.why, predicted, note } };
  };

  return {
    kind: inner.kind,
    suggest(observations, rng, count) {
      const grown: ObservedTrial[] = [...observations];
      const suggestions: Suggestion[] = [];
      for (let i = 0; i < count; i++) {
        const own = count === 1 ? rng : rng.fork(`cost ${i}`);
        const result = inner.suggest(grown, own, 1);
        const [found] = result.suggestions;
        if (found === undefined) return { ...result, suggestions };
        const chosen = choose(found, grown);
        suggestions.push(chosen);
        const number = (grown.at(-1)?.number ?? -1) + 1;
        grown.push({ number, state: 'pending', params: chosen.params, metrics: {} });
      }
      return { kind: 'suggestions', suggestions };
    },
  };
}
