import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { naturalHyper } from '../../../optimizer/gp/hyper-parameters.ts';
import { columnDistance, columnSlope, kernelOfRows, kernelSlope, kernelValue } from '../../../optimizer/gp/kernel.ts';
import { choleskyInPlace } from '../../../optimizer/linalg/cholesky.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { COLUMNS, KINDS, randomHyper, randomRow } from './gp-data.ts';

describe('kernels', () => {
  it('are one at distance zero and have the slope that differences give', () => {
    for (const kind of KINDS) {
      assert.equal(kernelValue(kind, 0), 1);
      for (const squared of [0.01, 0.5, 3, 20]) {
        const step = 1e-6 * squared;
        const difference = (kernelValue(kind, squared + step) - kernelValue(kind, squared - step)) / (2 * step);
        assert.ok(Math.abs(kernelSlope(kind, squared) - difference) < 1e-6 * Math.abs(difference) + 1e-9);
      }
    }
  });

  it('are positive definite over mixed, conditional points', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...KINDS), (seed, kind) => {
        const rng = createRng(seed);
        const natural = naturalHyper(kind, randomHyper(kind, seed).theta);
        const rows = Array.from({ length: 12 }, () => randomRow(rng));
        const K = new Float64Array(144);
        for (let i = 0; i < 12; i++) {
          for (let j = 0; j <= i; j++) K[i * 12 + j] = kernelOfRows(COLUMNS, kind, natural, rows[i], rows[j]);
          K[i * 12 + i] += 1e-9;
        }
        assert.ok(choleskyInPlace(K, 12));
      }),
      { numRuns: 40 },
    );
  });

  it('compare only the parameters that are active in both points', () => {
    const [plain, , category, conditional] = COLUMNS;
    assert.equal(columnDistance(conditional, Number.NaN, Number.NaN), 0);
    assert.equal(columnDistance(conditional, 0.1, Number.NaN), columnDistance(conditional, 0.9, Number.NaN));
    assert.equal(columnDistance(category, 0, 2), columnDistance(category, 1, 2));
    assert.equal(columnDistance(plain, 0.25, 0.75), 0.25);
    for (const column of [plain, conditional]) {
      const difference = (columnDistance(column, 0.4 + 1e-6, 0.9) - columnDistance(column, 0.4 - 1e-6, 0.9)) / 2e-6;
      assert.ok(Math.abs(columnSlope(column, 0.4, 0.9) - difference) < 1e-8);
    }
    assert.equal(columnSlope(conditional, 0.4, Number.NaN), 0);
  });
});
