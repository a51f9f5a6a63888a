/** Points that the user wrote down, in order. */
import { FreshCells } from './fresh-cells.ts';
import type { Sampler, SamplerProblem, Suggestion } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

/** Throws `SpaceError` when a listed point is not of the space. */
export function createListSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const points = (options.list ?? []).map((params) => problem.space.validate(params));
  return {
    kind: 'list',
    suggest(observations, _rng, count) {
      const fresh = new FreshCells(problem, observations);
      const suggestions: Suggestion[] = [];
      for (const params of points) {
        if (suggestions.length === count) break;
        if (!fresh.isFresh(params)) continue;
        fresh.take(params);
        suggestions.push({ params, why: { origin: 'list' } });
      }
      if (suggestions.length === count) return { kind: 'suggestions', suggestions };
      return {
        kind: 'exhausted',
        suggestions,
        reason: `all ${points.length} points of the list have been tried or are running`,
      };
    },
  };
}
