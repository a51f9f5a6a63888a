/** Which sampler suits a problem, and why: by the size of the space, the budget and the number of objectives. */
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

export interface AutoChoice {
  readonly kind: 'grid' | 'sobol' | 'nsga2' | 'mobo' | 'ei';
  /** One sentence for the user. */
  readonly reason: string;
}

/** A model needs a few points per parameter before it knows more than an even spread. */
const FEWEST_TRIALS_FOR_A_MODEL = 10;
/** Beyond this a model-based ask costs more than evolution loses. */
const MOST_TRIALS_FOR_A_MODEL = 5_000;
export function chooseSampler(problem: SamplerProblem, options: SamplerOptions): AutoChoice {
  const { cellCount, parameters } = problem.space;
  const budget = options.budgetTrials;
  const objectives = problem.objectives.length;
  if (budget !== undefined && cellCount <= budget) {
    return { kind: 'grid', reason: `the budget of ${budget} trials covers all ${cellCount} cells of the space` };
  }
  if (budget !== undefined && budget < FEWEST_TRIALS_FOR_A_MODEL) {
    return {
      kind: 'sobol',
      reason: `${budget} trials are too few to learn a model of ${parameters.length} parameters: spread evenly`,
    };
  }
  if (budget !== undefined && budget > MOST_TRIALS_FOR_A_MODEL) {
    return {
      kind: 'nsga2',
      reason: `${budget} trials are enough for evolution, and too many for a model to keep up with`,
    };
  }
  if (objectives === 1) return { kind: 'ei', reason: 'one objective: expected improvement under a Gaussian process' };
  return {
    kind: 'mobo',
    reason: `${objectives} objectives and trials that are worth modelling: expected hypervolume improvement under Gaussian processes`,
  };
}

/** The chosen sampler under the name `auto`; each suggestion carries the reason where it has no note of its own. */
export function createAutoSampler(
  problem: SamplerProblem,
  options: SamplerOptions,
  create: (kind: AutoChoice['kind']) => Sampler,
): Sampler {
  const choice = chooseSampler(problem, options);
  const chosen = create(choice.kind);
  const note = `${choice.kind}: ${choice.reason}`;
  return {
    kind: 'auto',
    suggest(observations, rng, count) {
      const result = chosen.suggest(observations, rng, count);
      const suggestions = result.suggestions.map(({ params, why }) => ({ params, why: { note, ...why } }));
      return { ...result, suggestions };
    },
  };
}
