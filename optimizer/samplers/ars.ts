/**
 * Multi-objective Bayesian optimisation whose candidates come from an ensemble of competing policies trained by augmented random search
 * against the predicted hypervolume improvement (the idea of arXiv 2305.14109): the models and the acquisition are those of `mobo`.
 */
import { searchByPolicies } from '../acquisition/policy-search.ts';
import { createBayesianSampler } from './bayesian.ts';
import { hypervolumeStrategy } from './mobo.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

export function createArsSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  return createBayesianSampler(problem, options, { ...hypervolumeStrategy('ars'), search: searchByPolicies });
}
