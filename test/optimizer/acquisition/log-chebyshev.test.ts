import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chebyshev, LogChebyshev } from '../../../optimizer/acquisition/log-chebyshev.ts';
import type { Marginal } from '../../../optimizer/acquisition/marginal.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

const scalarisation = {
  weights: Float64Array.of(0.2, 0.5, 0.3),
  ideal: Float64Array.of(0, -1, 0.5),
  range: Float64Array.of(1, 3, 0.5),
};
const marginals: readonly Marginal[] = [
  { kind: 'linear', location: 0.3, scale: 0.5, shift: 0 },
  { kind: 'log', location: 0, scale: 0.4, shift: -1 },
  { kind: 'linear', location: 0.7, scale: 0.2, shift: 0 },
];
const rng = createRng(2);
const z = Float64Array.from({ length: 3 * 400 }, () => rng.nextNormal());
const mu = Float64Array.of(0.2, -0.3, 0.1);
const sigma = Float64Array.of(0.8, 0.5, 0.9);

function exactMean(best: number): number {
  let sum = 0;
  for (let s = 0; s < 400; s++) {
    const f = marginals.map(({ kind, location, scale, shift }, j) => {
      const inner = location + scale * (mu[j] + sigma[j] * z[3 * s + j]);
      return kind === 'linear' ? inner : shift + Math.exp(inner);
    });
    sum += Math.max(0, best - chebyshev(scalarisation, f));
  }
  return sum / 400;
}

describe('log expected improvement of a scalarisation', () => {
  it('is near the mean over the same draws without smoothing', () => {
    for (const best of [0.2, 0.4, 0.8]) {
      const value = Math.exp(new LogChebyshev(scalarisation, marginals, best, z).evaluate(mu, sigma));
      const expected = exactMean(best);
      assert.ok(Math.abs(value - expected) < 0.05 * expected + 0.005, `${value} for ${expected}`);
    }
  });

  it('has the gradient that differences give', () => {
    for (const best of [0.4, -2]) {
      const gain = new LogChebyshev(scalarisation, marginals, best, z);
      const [dMu, dSigma] = [new Float64Array(3), new Float64Array(3)];
      gain.evaluate(mu, sigma, dMu, dSigma);
      for (const [vector, slopes] of [
        [mu, dMu],
        [sigma, dSigma],
      ]) {
        for (let j = 0; j < 3; j++) {
          const at = (step: number): number => {
            const moved = vector.slice();
            moved[j] += step;
            return vector === mu ? gain.evaluate(moved, sigma) : gain.evaluate(mu, moved);
          };
          const difference = (at(1e-6) - at(-1e-6)) / 2e-6;
          assert.ok(
            Math.abs(slopes[j] - difference) < 1e-5 * (1 + Math.abs(difference)),
            `${slopes[j]} for ${difference}`,
          );
        }
      }
    }
  });
});
