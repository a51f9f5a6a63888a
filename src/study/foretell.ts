/**
 * Completes the reasons of suggestions that came from a model: the sampler states what it expects of the objectives, here the metrics
 * that only constraints read get their prediction, for people to compare with what is told.
 */
import { fitMetricModels, type Observations, type SamplerProblem, type SuggestResult } from '@tinypareto/optimizer';

/** The newest observations are enough for a prediction that decides nothing. */
const MOST_OBSERVATIONS = 100;

export function foretellConstraints(
  problem: SamplerProblem,
  observations: Observations,
  result: SuggestResult,
  interrupt: () => void,
): SuggestResult {
  const stated = result.suggestions.flatMap(({ why }) =>
    why.acquisition === undefined ? [] : Object.keys(why.predicted ?? {}),
  );
  const isStated = new Set(stated);
  const silent = problem.constraints.filter(({ metrics }) => metrics.some((metric) => !isStated.has(metric)));
  if (stated.length === 0 || silent.length === 0) return result;
  const teaching = observations.filter(({ state }) => state !== 'pending').slice(-MOST_OBSERVATIONS);
  const models = fitMetricModels({ ...problem, objectives: [], constraints: silent }, teaching, { interrupt });
  return {
    ...result,
    suggestions: result.suggestions.map(({ params, why }) => {
      const foretold = Object.fromEntries([...models].map(([metric, model]) => [metric, model.predict(params)]));
      return {
        params,
        why: why.acquisition === undefined ? why : { ...why, predicted: { ...foretold, ...why.predicted } },
      };
    }),
  };
}
