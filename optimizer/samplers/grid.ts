/**
 * Every cell in a fixed order. Continuous parameters are cut into `gridLevels` values, both ends included; the order is that of the
 * space in which they were integers.
 */
import type { Parameter, Params } from '../space/parameter.ts';
import { createSearchSpace } from '../space/search-space.ts';
import { FreshCells } from './fresh-cells.ts';
import type { Sampler, SamplerProblem, Suggestion } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

const DEFAULT_LEVELS = 5;

export function createGridSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const { space } = problem;
  const levels = options.gridLevels ?? DEFAULT_LEVELS;
  const twin = createSearchSpace(
    space.parameters.map((parameter, i): Parameter => {
      if (space.dimensions[i].kind !== 'continuous') return parameter;
      const { name, when } = parameter;
      return { type: 'int', name, low: 0, high: levels - 1, ...(when === undefined ? {} : { when }) };
    }),
  );
  const native = (cell: Params): Params => {
    const params = { ...cell };
    space.dimensions.forEach((dimension) => {
      if (dimension.kind !== 'continuous' || !Object.hasOwn(cell, dimension.name)) return;
      const at = Number(cell[dimension.name]);
      params[dimension.name] = dimension.valueAt(levels === 1 ? 0.5 : at / (levels - 1));
    });
    return params;
  };
  return {
    kind: 'grid',
    suggest(observations, _rng, count) {
      const fresh = new FreshCells(problem, observations);
      const suggestions: Suggestion[] = [];
      for (let index = 0; index < twin.cellCount && suggestions.length < count; index++) {
        const params = native(twin.cellAt(index));
        if (!fresh.isFresh(params)) continue;
        fresh.take(params);
        suggestions.push({ params, why: { origin: 'grid' } });
      }
      if (suggestions.length === count) return { kind: 'suggestions', suggestions };
      return {
        kind: 'exhausted',
        suggestions,
        reason: `every allowed point of the grid of ${twin.cellCount} has been tried or is running`,
      };
    },
  };
}
