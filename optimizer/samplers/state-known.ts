/**
 * Adds to every suggestion what is known about it beforehand: the metrics of objectives and constraints that are functions of the params,
 * as uncertain as these functions are said to be.
 */
import { metricsOfProblem } from './explain/metric-models.ts';
import type { Sampler, SamplerProblem, Suggestion, SuggestResult } from './sampler.ts';

export function stateKnown(sampler: Sampler, problem: SamplerProblem): Sampler {
  const known = metricsOfProblem(problem).flatMap((metric) => {
    const exact = problem.known?.get(metric);
    return exact === undefined ? [] : [{ metric, exact, error: problem.knownErrors?.get(metric) ?? 0 }];
  });
  if (known.length === 0) return sampler;
  const state = ({ params, why }: Suggestion): Suggestion => {
    const predicted = { ...why.predicted };
    for (const { metric, exact, error } of known) {
      const mean = predicted[metric]?.mean ?? exact(params);
      predicted[metric] = { mean, sd: error * Math.abs(mean) };
    }
    return { params, why: { ...why, predicted } };
  };
  const all = (result: SuggestResult): SuggestResult => ({ ...result, suggestions: result.suggestions.map(state) });
  const { series } = sampler;
  return {
    kind: sampler.kind,
    suggest: (observations, rng, count) => all(sampler.suggest(observations, rng, count)),
    ...(series !== undefined && { series: (observations, rngOf, count) => all(series(observations, rngOf, count)) }),
  };
}
