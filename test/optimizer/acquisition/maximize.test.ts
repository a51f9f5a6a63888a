import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Acquisition } from '../../../optimizer/acquisition/acquisition.ts';
import { maximizeAcquisition, reachableLevels, type SearchTask } from '../../../optimizer/acquisition/maximize.ts';
import { searchByPolicies } from '../../../optimizer/acquisition/policy-search.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import type { Params } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace([
  { name: 'x', type: 'float', low: 0, high: 1 },
  { name: 'y', type: 'float', low: 0, high: 1 },
  { name: 'k', type: 'int', low: 0, high: 30 },
  { name: 'c', type: 'categorical', choices: ['p', 'q', 'r'] },
]);

/** Two hills; the higher one, 2 at (0.7, 0.2, 20, q), is the narrower. */
const hills: Acquisition = {
  evaluate({ unit, params }, gradient) {
    const [k, c] = [Number(params['k']), params['c']];
    const near = (x: number, y: number, level: number, width: number): number =>
      Math.exp(-((unit[0] - x) ** 2 + (unit[1] - y) ** 2 + ((k - level) / 30) ** 2) / width);
    const low = 1.2 * near(0.2, 0.8, 5, 0.3);
    const high = (c === 'q' ? 2 : 0.5) * near(0.7, 0.2, 20, 0.05);
    if (gradient) {
      gradient.fill(0);
      gradient[0] = (-2 * low * (unit[0] - 0.2)) / 0.3 - (2 * high * (unit[0] - 0.7)) / 0.05;
      gradient[1] = (-2 * low * (unit[1] - 0.8)) / 0.3 - (2 * high * (unit[1] - 0.2)) / 0.05;
    }
    return low + high;
  },
};

const effort = { rawSamples: 512, restarts: 8, iterations: 60, exhaustive: 1000 };
const task = (changes: Partial<SearchTask> = {}): SearchTask => ({
  space,
  acquisition: hills,
  knownViolation: () => 0,
  isSeen: () => false,
  incumbents: [],
  ...changes,
});

describe('maximizeAcquisition', () => {
  it('finds the narrow hill in a mixed space, from every seed', () => {
    for (let seed = 0; seed < 8; seed++) {
      const [best] = maximizeAcquisition(task(), effort, createRng(seed));
      assert.ok(best.value > 2, `seed ${seed}: ${best.value}`);
      assert.equal(best.candidate.params['k'], 20);
      assert.equal(best.candidate.params['c'], 'q');
    }
  });

  it('stays where known constraints allow', () => {
    const knownViolation = (params: Readonly<Record<string, unknown>>): number => Math.max(0, Number(params['k']) - 12);
    for (const found of maximizeAcquisition(task({ knownViolation }), effort, createRng(1))) {
      assert.ok(Number(found.candidate.params['k']) <= 12);
    }
  });

  it('searches small spaces whole and never returns seen cells', () => {
    const small = createSearchSpace([
      { name: 'k', type: 'int', low: 0, high: 9 },
      { name: 'c', type: 'categorical', choices: ['p', 'q'] },
    ]);
    const values: Acquisition = { evaluate: ({ params }) => Number(params['k']) + (params['c'] === 'q' ? 0.5 : 0) };
    const among = (cells: ReadonlySet<string>) => (params: Params) => cells.has(small.cellKey(params));
    const seen = new Set([small.cellKey({ k: 9, c: 'q' }), small.cellKey({ k: 9, c: 'p' })]);
    const found = maximizeAcquisition(
      task({ space: small, acquisition: values, isSeen: among(seen) }),
      effort,
      createRng(1),
    );
    assert.deepEqual(found[0].candidate.params, { k: 8, c: 'q' });
    const all = new Set([...small.cells()].map((params) => small.cellKey(params)));
    const none = { space: small, acquisition: values, isSeen: among(all) };
    assert.equal(maximizeAcquisition(task(none), effort, createRng(1)).length, 0);
  });

  it('tries all levels of short scales and ever longer steps of long ones', () => {
    assert.deepEqual(reachableLevels('ordinal', 4, 2), [0, 1, 3]);
    assert.deepEqual(
      reachableLevels('ordinal', 100, 50),
      [18, 34, 42, 46, 48, 49, 51, 52, 54, 58, 66, 82].concat([0, 99]).sort((a, b) => a - b),
    );
  });
});

describe('searchByPolicies', () => {
  it('climbs well above the points it starts from', () => {
    const plain = maximizeAcquisition(task(), { ...effort, restarts: 0 }, createRng(3))[0];
    const [best] = searchByPolicies(task(), effort, createRng(3));
    assert.ok(best.value > 1 && best.value >= plain.value * 0.9, `${best.value}, random ${plain.value}`);
  });
});
