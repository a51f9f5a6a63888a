import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { choleskyAppend, choleskyInPlace, choleskyWithJitter } from '../../../optimizer/linalg/cholesky.ts';
import {
  inverseFromTransposed,
  invertLowerTransposed,
  solveLower,
  solveLowerTransposed,
} from '../../../optimizer/linalg/triangular.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

/** B B^T + ridge I of a random B. */
function positiveDefinite(n: number, seed: number, ridge = 0.1): Float64Array {
  const rng = createRng(seed);
  const B = Float64Array.from({ length: n * n }, () => rng.nextNormal());
  const A = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = i === j ? ridge : 0;
      for (let k = 0; k < n; k++) sum += B[i * n + k] * B[j * n + k];
      A[i * n + j] = sum;
    }
  }
  return A;
}

const sizes = fc.record({ n: fc.integer({ min: 1, max: 14 }), seed: fc.integer({ min: 0, max: 1e6 }) });

describe('Cholesky factors', () => {
  it('multiply to the matrix', () => {
    fc.assert(
      fc.property(sizes, ({ n, seed }) => {
        const A = positiveDefinite(n, seed);
        const L = A.slice();
        assert.ok(choleskyInPlace(L, n));
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let k = 0; k <= j; k++) sum += L[i * n + k] * L[j * n + k];
            assert.ok(Math.abs(sum - A[i * n + j]) < 1e-9 * (1 + Math.abs(A[i * n + j])));
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('grow row by row to the same bits', () => {
    fc.assert(
      fc.property(sizes, ({ n, seed }) => {
        const A = positiveDefinite(n, seed);
        const L = A.slice();
        choleskyInPlace(L, n);
        const grown = new Float64Array(n * n);
        for (let i = 0; i < n; i++) assert.ok(choleskyAppend(grown, n, i, A.subarray(i * n, i * n + i), A[i * n + i]));
        for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) assert.equal(grown[i * n + j], L[i * n + j]);
      }),
      { numRuns: 30 },
    );
  });

  it('refuse to append what is not positive definite', () => {
    const L = Float64Array.of(1, 0, 0, 0);
    assert.equal(choleskyAppend(L, 2, 1, Float64Array.of(1), 0.5), false);
  });

  it('take the least jitter that helps, relative to the diagonal, and none where none is needed', () => {
    const definite = positiveDefinite(5, 4);
    assert.equal(choleskyWithJitter(definite, 5, new Float64Array(25)), 0);
    for (const scale of [1e-6, 1, 1e6]) {
      const singular = new Float64Array(9).fill(scale);
      const jitter = choleskyWithJitter(singular, 3, new Float64Array(9));
      assert.ok(jitter !== undefined && jitter > 0 && jitter <= 1e-8 * scale, `${jitter} at ${scale}`);
    }
  });

  it('give up on matrices that are far from positive definite or not finite', () => {
    assert.equal(choleskyWithJitter(Float64Array.of(1, 0, 2, 1), 2, new Float64Array(4)), undefined);
    assert.equal(choleskyWithJitter(Float64Array.of(1, 0, Number.NaN, 1), 2, new Float64Array(4)), undefined);
  });
});

describe('triangular solves', () => {
  it('invert the factor and its transpose', () => {
    fc.assert(
      fc.property(sizes, ({ n, seed }) => {
        const A = positiveDefinite(n, seed, 1);
        const L = A.slice();
        choleskyInPlace(L, n);
        const rng = createRng(seed, 1);
        const b = Float64Array.from({ length: n }, () => rng.nextNormal());
        const x = new Float64Array(n);
        solveLower(L, n, n, b, x);
        solveLowerTransposed(L, n, n, x, x);
        const U = new Float64Array(n * n);
        invertLowerTransposed(L, n, n, U);
        const inverse = new Float64Array(n * n);
        inverseFromTransposed(U, n, inverse);
        for (let i = 0; i < n; i++) {
          let product = 0;
          let viaInverse = 0;
          for (let j = 0; j < n; j++) {
            product += A[i * n + j] * x[j];
            viaInverse += inverse[Math.max(i, j) * n + Math.min(i, j)] * b[j];
          }
          assert.ok(Math.abs(product - b[i]) < 1e-8);
          assert.ok(Math.abs(viaInverse - x[i]) < 1e-8);
        }
      }),
      { numRuns: 50 },
    );
  });
});
