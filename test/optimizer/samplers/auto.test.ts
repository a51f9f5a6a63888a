import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { chooseSampler } from '../../../optimizer/samplers/auto.ts';
import { createSampler } from '../../../optimizer/samplers/create-sampler.ts';
import type { SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

function problemOf(objectives: number, cells = false): SamplerProblem {
  return {
    space: createSearchSpace([
      { name: 'a', type: 'int', low: 0, high: 9 },
      cells ? { name: 'b', type: 'int', low: 0, high: 3 } : { name: 'b', type: 'float', low: 0, high: 1 },
    ]),
    objectives: Array.from({ length: objectives }, (_, i) => ({ metric: `f${i}`, direction: 'minimize' })),
    constraints: [],
  };
}

describe('chooseSampler', () => {
  it('picks by space, budget and objectives', () => {
    const cases = [
      [problemOf(2), 60, 'mobo'],
      [problemOf(2), undefined, 'mobo'],
      [problemOf(1), 60, 'ei'],
      [problemOf(5), 60, 'mobo'],
      [problemOf(2, true), 40, 'grid'],
      [problemOf(2, true), 39, 'mobo'],
      [problemOf(2), 6, 'sobol'],
      [problemOf(3), 20_000, 'nsga2'],
    ] as const;
    for (const [problem, budgetTrials, kind] of cases) {
      const options = budgetTrials === undefined ? { seed: 1 } : { seed: 1, budgetTrials };
      assert.equal(chooseSampler(problem, options).kind, kind);
    }
  });

  it('says why in every suggestion', () => {
    const sampler = createSampler('auto', problemOf(2, true), { seed: 1, budgetTrials: 40 });
    const { suggestions } = sampler.suggest([], createRng(1), 2);
    assert.deepEqual(suggestions[1].why, {
      note: 'grid: the budget of 40 trials covers all 40 cells of the space',
      origin: 'grid',
    });
  });
});
