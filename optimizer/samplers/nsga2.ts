/**
 * NSGA-II (Deb, Pratap, Agarwal, Meyarivan, IEEE TEVC 6(2), 2002) in its steady-state form: every child is bred from the best
 * `populationSize` of all trials so far, so that no trial waits for a generation to end and a restart needs no memory. Starts with
 * Sobol' points. Mixed, conditional and constrained spaces; no cell twice.
 */
import type { Rng } from '../math/rng.ts';
import { type RankedTrial, rankTrials } from './constrained-ranking.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { scoreTrials } from './scored-trials.ts';
import { createSobolSampler } from './sobol.ts';
import { suggestEach } from './suggest-each.ts';
import { breed } from './variation.ts';

const SMALLEST_POPULATION = 8;
const LARGEST_POPULATION = 50;

/** A quarter of the budget in the first generation; 20 where the budget is open. */
function populationSize(options: SamplerOptions): number {
  if (options.populationSize !== undefined) return Math.max(2, options.populationSize);
  const quarter = Math.round((options.budgetTrials ?? 80) / 4);
  return Math.min(LARGEST_POPULATION, Math.max(SMALLEST_POPULATION, quarter));
}

/** The better of two random members; members are sorted best first. */
function tournament(members: readonly RankedTrial[], rng: Rng): RankedTrial {
  return members[Math.min(rng.nextInt(members.length), rng.nextInt(members.length))];
}

export function createNsga2Sampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const { space } = problem;
  const size = populationSize(options);
  const initial = createSobolSampler(problem, options);
  const baseMutation = 1 / space.parameters.length;
  return {
    kind: 'nsga2',
    suggest(observations, rng, count) {
      const members = rankTrials(scoreTrials(problem, observations)).slice(0, size);
      // Failed trials do not count as members, but as tries: a study whose first trials all fail still begins to breed from what it has.
      if (observations.length < size || members.length < 2) return initial.suggest(observations, rng, count);
      return suggestEach(problem, observations, count, { origin: 'nsga2' }, (fresh) =>
        fresh.pick(rng, (attempt) => {
          const mother = tournament(members, rng).scored.trial.params;
          const father = tournament(members, rng).scored.trial.params;
          // Children that were seen before ask for more variation.
          return breed(space, mother, father, Math.min(1, baseMutation * (1 + attempt / 10)), rng);
        }),
      );
    },
  };
}
