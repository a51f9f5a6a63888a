/** Adds to every suggestion what is known about it exactly: the metrics of objectives and constraints that are functions of the params. */
import { metricsOfProblem } from './explain/metric-models.ts';
import type { Sampler, SamplerProblem, Suggestion, SuggestResult } from './sampler.ts';

export function stateKnown(sampler: Sampler, problem: SamplerProblem): Sampler {
  const known = metricsOfProblem(problem).flatMap((metric) => {
    const exact = problem.known?.get(metric);
    return exact === undefined ? [] : [{ metric, exact }];
  });
  if (known.length === 0) return sampler;
  const state = ({ params, why }: Suggestion): Suggestion => {
    const exact = Object.fromEntries(known.map(({ metric, exact: value }) => [metric, { mean: value(params), sd: 0 }]));
    return { params, why: { ...why, predicted: { ...exact, ...why.predicted } } };
  };
  const all = (result: SuggestResult): SuggestResult => ({ ...result, suggestions: result.suggestions.map(state) });
  const { series } = sampler;
  return {
    kind: sampler.kind,
    suggest: (observations, rng, count) => all(sampler.suggest(observations, rng, count)),
    ...(series !== undefined && { series: (observations, rngOf, count) => all(series(observations, rngOf, count)) }),
  };
}
