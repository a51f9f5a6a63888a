/** Bayesian optimisation of one objective: log expected improvement, noisy and constrained where the study is. */
import { createBayesianSampler } from './bayesian.ts';
import { hypervolumeStrategy } from './mobo.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

/** Throws `RangeError` unless the problem has exactly one objective. */
export function createEiSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  if (problem.objectives.length !== 1) {
    throw new RangeError(`the sampler "ei" needs exactly one objective, this study has ${problem.objectives.length}`);
  }
  return createBayesianSampler(problem, options, hypervolumeStrategy('ei'));
}
