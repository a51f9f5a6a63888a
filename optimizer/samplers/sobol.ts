/**
 * Scrambled Sobol' points without repetition. Trial number n looks at the points n, n + 1, … of the study's one sequence until one falls
 * into a fresh cell; so the scramble belongs to the sampler (its seed), not to the call.
 */
import { createRng } from '../math/rng.ts';
import { createSobol } from '../math/sobol.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { suggestEach } from './suggest-each.ts';

export function createSobolSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const { space } = problem;
  const sequence = createSobol(space.parameters.length, createRng(options.seed, 0, 'sobol scramble'));
  return {
    kind: 'sobol',
    suggest: (observations, rng, count) =>
      suggestEach(problem, observations, count, { origin: 'sobol' }, (fresh, i) => {
        const first = observations.length + i;
        return fresh.pick(rng, (attempt) => space.decode(sequence.point(first + attempt)));
      }),
  };
}
