import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  crowdingDistances,
  dominates,
  nonDominatedIndices,
  nonDominatedSort,
} from '../../../optimizer/pareto/dominance.ts';

const points = (m: number) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: m, maxLength: m }), { maxLength: 30 });

for (const m of [1, 2, 3, 4]) {
  describe(`non-dominated sorting, m = ${m}`, () => {
    it('peels the fronts off one by one', () => {
      fc.assert(
        fc.property(points(m), (all) => {
          const ranks = nonDominatedSort(all);
          let left = all.map((_, i) => i);
          for (let rank = 0; left.length > 0; rank++) {
            const front = left.filter((i) => !left.some((k) => dominates(all[k], all[i])));
            for (const i of front) assert.equal(ranks[i], rank);
            if (rank === 0) assert.deepEqual(nonDominatedIndices(all), front);
            left = left.filter((i) => !front.includes(i));
          }
        }),
        { seed: 31, numRuns: 200 },
      );
    });
  });
}

describe('dominates', () => {
  it('treats NaN as worse than any number', () => {
    assert.equal(dominates([1, 1], [1, Number.NaN]), true);
    assert.equal(dominates([0, Number.NaN], [1, 1]), false);
    assert.deepEqual(nonDominatedIndices([[Number.NaN], [1], [2]]), [1]);
  });
});

describe('crowdingDistances', () => {
  it('is infinite at the ends and the normalised gap between neighbours inside', () => {
    const distances = crowdingDistances([
      [0, 4],
      [1, 2],
      [4, 0],
    ]);
    assert.deepEqual(Array.from(distances), [Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY]);
  });
});
