import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { createSampler } from '../../../optimizer/samplers/create-sampler.ts';
import type { SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import type { Params } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';
import { SpaceError } from '../../../optimizer/space/space-error.ts';
import { contractProblem, samplerContract } from './sampler-contract.ts';

/** Every cell of a finite space, otherwise a few hundred random points: in the order in which they are to be tried. */
function listOf({ space }: SamplerProblem): Params[] {
  if (Number.isFinite(space.cellCount)) return [...space.cells()];
  const rng = createRng(1, 0, 'list');
  return Array.from({ length: 200 }, () => space.sampleParams(rng) ?? {});
}

samplerContract('random', (problem, seed) => createSampler('random', problem, { seed }), { asks: 60 });
samplerContract('nsga2', (problem, seed) => createSampler('nsga2', problem, { seed, populationSize: 10 }), {
  asks: 60,
});
samplerContract('sobol', (problem, seed) => createSampler('sobol', problem, { seed }), { asks: 60 });
samplerContract('grid', (problem, seed) => createSampler('grid', problem, { seed }), { asks: 60, isSeeded: false });
samplerContract('list', (problem, seed) => createSampler('list', problem, { seed, list: listOf(problem) }), {
  asks: 60,
  isSeeded: false,
});

const cells = createSearchSpace([
  { name: 'a', type: 'int', low: 0, high: 2 },
  { name: 'x', type: 'float', low: 0, high: 1, when: { param: 'a', in: [1] } },
]);

describe('sampler grid', () => {
  it('walks every cell once, continuous parameters cut into levels', () => {
    const sampler = createSampler('grid', contractProblem(cells), { seed: 0, gridLevels: 3 });
    const result = sampler.suggest([], createRng(0), 10);
    assert.equal(result.kind, 'exhausted');
    assert.deepEqual(
      result.suggestions.map((s) => s.params),
      [{ a: 0 }, { a: 1, x: 0 }, { a: 1, x: 0.5 }, { a: 1, x: 1 }, { a: 2 }],
    );
  });
});

describe('sampler list', () => {
  it('gives the points in order, each once', () => {
    const list = [{ a: 2 }, { a: 0 }, { a: 2 }];
    const sampler = createSampler('list', contractProblem(cells), { seed: 0, list });
    const result = sampler.suggest([], createRng(0), 3);
    assert.equal(result.kind, 'exhausted');
    assert.deepEqual(
      result.suggestions.map((s) => s.params),
      [{ a: 2 }, { a: 0 }],
    );
  });

  it('refuses a point that is not of the space', () => {
    assert.throws(() => createSampler('list', contractProblem(cells), { seed: 0, list: [{ a: 3 }] }), SpaceError);
  });
});

describe('a space that its constraints leave empty', () => {
  it('is exhausted, not endless', () => {
    const none = createSearchSpace([{ name: 'x', type: 'float', low: 0, high: 1 }], [() => false]);
    const result = createSampler('random', contractProblem(none), { seed: 0 }).suggest([], createRng(0), 1);
    assert.equal(result.kind, 'exhausted');
  });
});
