/** Uniform random search without repetition. */
import type { Sampler, SamplerProblem } from './sampler.ts';
import { suggestEach } from './suggest-each.ts';

export function createRandomSampler(problem: SamplerProblem): Sampler {
  return {
    kind: 'random',
    suggest: (observations, rng, count) =>
      suggestEach(problem, observations, count, { origin: 'random' }, (fresh) => fresh.sample(rng)),
  };
}
