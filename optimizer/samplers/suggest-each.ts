/** The loop every model-free sampler shares: one fresh point after another until `count` or exhaustion. */
import type { Params } from '../space/parameter.ts';
import { FreshCells } from './fresh-cells.ts';
import type { Observations, SamplerProblem, Suggestion, SuggestionReason, SuggestResult } from './sampler.ts';

/** `next(fresh, i)` gives the i-th point of this call, or null when nothing is left. */
export function suggestEach(
  problem: SamplerProblem,
  observations: Observations,
  count: number,
  why: SuggestionReason,
  next: (fresh: FreshCells, i: number) => Params | null,
): SuggestResult {
  const fresh = new FreshCells(problem, observations);
  const suggestions: Suggestion[] = [];
  for (let i = 0; i < count; i++) {
    const params = next(fresh, i);
    if (params === null) return { kind: 'exhausted', suggestions, reason: fresh.exhaustedReason };
    fresh.take(params);
    suggestions.push({ params, why });
  }
  return { kind: 'suggestions', suggestions };
}
