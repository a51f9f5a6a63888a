/** Uniform random search without repetition. */
import type { Rng } from '../math/rng.ts';
import type { Observations, Sampler, SamplerProblem } from './sampler.ts';
import { suggestEach } from './suggest-each.ts';

export function createRandomSampler(problem: SamplerProblem): Sampler {
  const series = (observations: Observations, rngOf: (i: number) => Rng, count: number) =>
    suggestEach(problem, observations, count, { origin: 'random' }, (fresh, i) => fresh.sample(rngOf(i)));
  return {
    kind: 'random',
    suggest: (observations, rng, count) => series(observations, () => rng, count),
    series,
  };
}
