/**
 * Multi-objective Bayesian optimisation: the point of largest (noisy) expected hypervolume improvement, qLogNEHVI with exact box
 * decompositions, or lines where objectives are too many for boxes. With one objective the hypervolume is the distance below the best value, so the same code is log EI and log NEI.
 */
import { LogEhvi } from '../acquisition/log-ehvi.ts';
import { maximizeAcquisition } from '../acquisition/maximize.ts';
import { decomposeNonDominated } from '../pareto/box-decomposition.ts';
import { hypervolume } from '../pareto/hypervolume.ts';
import { type BayesianStrategy, createBayesianSampler } from './bayesian.ts';
import { lineStrategy } from './line-strategy.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

/** Box decompositions of more objectives than this have too many boxes. */
const MOST_OBJECTIVES = 4;

export function hypervolumeStrategy(kind: string): BayesianStrategy {
  return {
    kind,
    gains: ({ objectives, reference }, fronts) => {
      const marginals = objectives.map(({ transform }) => transform.shape);
      return fronts.map((front) => new LogEhvi(decomposeNonDominated(front, reference), marginals));
    },
    search: maximizeAcquisition,
    reached: ({ reference }, front) => hypervolume(front, reference),
  };
}

/** Above four objectives lines take the place of boxes. */
export function createMoboSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const isManyObjective = problem.objectives.length > MOST_OBJECTIVES;
  const strategy = isManyObjective ? lineStrategy('mobo') : hypervolumeStrategy('mobo');
  return createBayesianSampler(problem, options, strategy);
}
