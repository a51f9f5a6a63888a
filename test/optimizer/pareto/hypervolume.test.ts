import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hypervolume, hypervolumeContributions } from '../../../optimizer/pareto/hypervolume.ts';
import { hypervolumeHistory } from '../../../optimizer/pareto/hypervolume-history.ts';
import { close, hypervolumeByGrid, hypervolumeByInclusionExclusion } from './reference.ts';

/** Points with many ties (a grid of eighths) and some beyond the reference 1. */
const tiedPoints = (m: number, maxLength: number) =>
  fc.array(
    fc.array(
      fc.integer({ min: 0, max: 9 }).map((k) => k / 8),
      { minLength: m, maxLength: m },
    ),
    { maxLength },
  );
const generalPoints = (m: number, maxLength: number) =>
  fc.array(fc.array(fc.double({ min: -1, max: 1.2, noNaN: true }), { minLength: m, maxLength: m }), { maxLength });
const options = { seed: 11, numRuns: 150 };
const ones = (m: number): number[] => new Array<number>(m).fill(1);

for (const m of [1, 2, 3, 4, 5, 6]) {
  describe(`hypervolume, m = ${m}`, () => {
    it('equals inclusion–exclusion', () => {
      fc.assert(
        fc.property(generalPoints(m, 9), (points) => {
          assert.ok(close(hypervolume(points, ones(m)), hypervolumeByInclusionExclusion(points, ones(m))));
        }),
        options,
      );
    });

    it('equals inclusion–exclusion with ties, duplicates and points beyond the reference', () => {
      fc.assert(
        fc.property(tiedPoints(m, 9), (points) => {
          assert.ok(close(hypervolume(points, ones(m)), hypervolumeByInclusionExclusion(points, ones(m))));
        }),
        options,
      );
    });

    it('does not change with order, duplicates or dominated points', () => {
      fc.assert(
        fc.property(tiedPoints(m, 14), fc.integer({ min: 0, max: 13 }), (points, pick) => {
          const value = hypervolume(points, ones(m));
          assert.ok(close(hypervolume(points.toReversed(), ones(m)), value));
          if (points.length === 0) return;
          const p = points[pick % points.length];
          assert.ok(close(hypervolume([p, ...points], ones(m)), value));
          assert.ok(close(hypervolume([...points, p.map((v) => v + 0.05)], ones(m)), value));
        }),
        options,
      );
    });

    it('is the end of the history, which never falls, and the sum of what is new', () => {
      fc.assert(
        fc.property(tiedPoints(m, 14), (points) => {
          const history = hypervolumeHistory([null, ...points], ones(m));
          assert.equal(history[0], 0);
          history.forEach((value, k) => {
            assert.ok(close(value, hypervolume(points.slice(0, k), ones(m))));
          });
        }),
        options,
      );
    });

    it('falls by a point’s contribution when the point is taken out', () => {
      fc.assert(
        fc.property(tiedPoints(m, 8), (points) => {
          const all = hypervolumeByInclusionExclusion(points, ones(m));
          hypervolumeContributions(points, ones(m)).forEach((contribution, i) => {
            const without = points.filter((_, k) => k !== i);
            assert.ok(close(contribution, all - hypervolumeByInclusionExclusion(without, ones(m))));
          });
        }),
        { seed: 12, numRuns: 80 },
      );
    });
  });
}

describe('hypervolume of larger fronts', () => {
  for (const [m, n] of [
    [2, 60],
    [3, 40],
    [4, 16],
  ] as const) {
    it(`equals the cells of the coordinate grid, m = ${m}, n = ${n}`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: m, maxLength: m }), {
            minLength: n,
            maxLength: n,
          }),
          (raw) => {
            // Points near a sphere, so that most of them are non-dominated.
            const points = raw.map((p) => p.map((v) => v / Math.hypot(...p)));
            assert.ok(close(hypervolume(points, ones(m)), hypervolumeByGrid(points, ones(m))));
          },
        ),
        { seed: 13, numRuns: 15 },
      );
    });
  }

  it('copes with infinities and NaN', () => {
    assert.equal(hypervolume([[Number.NaN, 0]], [1, 1]), 0);
    assert.equal(hypervolume([[Number.POSITIVE_INFINITY, 0]], [1, 1]), 0);
    assert.equal(hypervolume([[Number.NEGATIVE_INFINITY, 0]], [1, 1]), Number.POSITIVE_INFINITY);
    assert.equal(hypervolume([], [1, 1, 1]), 0);
  });
});
