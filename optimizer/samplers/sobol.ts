/**
 * Scrambled Sobol' points without repetition. Trial number n looks at the points n, n + 1, … of the study's one sequence until one falls
 * into a fresh cell; so the scramble belongs to the sampler (its seed), not to the call.
 */
import { createRng, type Rng } from '../math/rng.ts';
import { createSobol } from '../math/sobol.ts';
import type { Observations, Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { suggestEach } from './suggest-each.ts';

export function createSobolSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const { space } = problem;
  const sequence = createSobol(space.parameters.length, createRng(options.seed, 0, 'sobol scramble'));
  const series = (observations: Observations, rngOf: (i: number) => Rng, count: number) =>
    suggestEach(problem, observations, count, { origin: 'sobol' }, (fresh, i) => {
      const first = observations.length + i;
      return fresh.pick(rngOf(i), (attempt) => space.decode(sequence.point(first + attempt)));
    });
  return {
    kind: 'sobol',
    suggest: (observations, rng, count) => series(observations, () => rng, count),
    series,
  };
}
