import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LogEhvi } from '../../../optimizer/acquisition/log-ehvi.ts';
import type { Marginal } from '../../../optimizer/acquisition/marginal.ts';
import { normalCdf, normalPdf, normalQuantile } from '../../../optimizer/math/normal.ts';
import { decomposeNonDominated } from '../../../optimizer/pareto/box-decomposition.ts';
import { hypervolume } from '../../../optimizer/pareto/hypervolume.ts';

const PLAIN: Marginal = { kind: 'linear', location: 0, scale: 1, shift: 0 };

/** psi(a, b, mu, sigma) = E[(a - f) 1(f < b)] of a normal f (Emmerich, Deutz, Klinkenberg 2011, equation 12). */
const psi = (a: number, b: number, mu: number, sigma: number): number =>
  sigma * normalPdf((b - mu) / sigma) + (a - mu) * normalCdf((b - mu) / sigma);

/** The closed form of two objectives as a sum over the strips of the front (the same authors, equation 13; minimised). */
function ehviOfStrips(front: number[][], reference: number[], mu: Float64Array, sigma: Float64Array): number {
  const sorted = front.toSorted((p, q) => q[0] - p[0]);
  const corners = [[reference[0], Number.NEGATIVE_INFINITY], ...sorted, [Number.NEGATIVE_INFINITY, reference[1]]];
  let sum = 0;
  for (let i = 1; i < corners.length; i++) {
    const [right, left] = [corners[i - 1][0], corners[i][0]];
    const top = corners[i][1];
    const height = psi(top, top, mu[1], sigma[1]);
    if (left > Number.NEGATIVE_INFINITY) sum += (right - left) * normalCdf((left - mu[0]) / sigma[0]) * height;
    const part =
      psi(right, right, mu[0], sigma[0]) - (left === Number.NEGATIVE_INFINITY ? 0 : psi(right, left, mu[0], sigma[0]));
    sum += part * height;
  }
  return sum;
}

/** Mean improvement over a product grid of equally likely draws. */
function ehviOfGrid(
  front: number[][],
  reference: number[],
  mu: Float64Array,
  sigma: Float64Array,
  marginals: readonly Marginal[],
  levels: number,
): number {
  const before = hypervolume(front, reference);
  const value = (j: number, k: number): number => {
    const { kind, location, scale, shift } = marginals[j];
    const inner = location + scale * (mu[j] + sigma[j] * normalQuantile((k + 0.5) / levels));
    return kind === 'linear' ? inner : shift + Math.exp(inner);
  };
  const m = mu.length;
  let sum = 0;
  for (let cell = 0; cell < levels ** m; cell++) {
    const point = Array.from({ length: m }, (_, j) => value(j, Math.floor(cell / levels ** j) % levels));
    sum += hypervolume([...front, point], reference) - before;
  }
  return sum / levels ** m;
}

const FRONT2 = [
  [0.1, 0.9],
  [0.4, 0.5],
  [0.8, 0.2],
];
const FRONT3 = [
  [0.2, 0.7, 0.5],
  [0.6, 0.3, 0.4],
  [0.5, 0.5, 0.2],
];

function checkGradient(gain: LogEhvi, mu: Float64Array, sigma: Float64Array, tolerance: number): void {
  const m = mu.length;
  const [dMu, dSigma] = [new Float64Array(m), new Float64Array(m)];
  assert.equal(gain.evaluate(mu, sigma, dMu, dSigma), gain.evaluate(mu, sigma));
  for (let j = 0; j < m; j++) {
    for (const [vector, slopes] of [
      [mu, dMu],
      [sigma, dSigma],
    ]) {
      const kept = vector[j];
      const step = 1e-5 * Math.max(0.01, Math.abs(kept));
      vector[j] = kept + step;
      const above = gain.evaluate(mu, sigma);
      vector[j] = kept - step;
      const below = gain.evaluate(mu, sigma);
      vector[j] = kept;
      const difference = (above - below) / (2 * step);
      assert.ok(
        Math.abs(slopes[j] - difference) <= tolerance * (1 + Math.abs(difference)),
        `${slopes[j]} for ${difference}`,
      );
    }
  }
}

describe('log expected hypervolume improvement', () => {
  it('equals the closed form of two objectives', () => {
    const gain = new LogEhvi(decomposeNonDominated(FRONT2, [1, 1]), [PLAIN, PLAIN]);
    const value = fc.double({ min: -1, max: 2, noNaN: true });
    const deviation = fc.double({ min: 0.02, max: 1, noNaN: true });
    fc.assert(
      fc.property(value, value, deviation, deviation, (a, b, s, t) => {
        const [mu, sigma] = [Float64Array.of(a, b), Float64Array.of(s, t)];
        const expected = ehviOfStrips(FRONT2, [1, 1], mu, sigma);
        if (expected < 1e-12) return;
        assert.ok(Math.abs(Math.exp(gain.evaluate(mu, sigma)) / expected - 1) < 1e-6);
      }),
      { numRuns: 200 },
    );
  });

  it('equals quadrature with two and three objectives and logarithmic outputs', () => {
    const log: Marginal = { kind: 'log', location: -0.7, scale: 0.4, shift: -0.1 };
    for (const [front, marginals, levels] of [
      [FRONT2, [PLAIN, PLAIN], 160],
      [FRONT2, [log, PLAIN], 160],
      [FRONT3, [PLAIN, log, PLAIN], 24],
    ] as const) {
      const m = marginals.length;
      const reference = new Array<number>(m).fill(1);
      const gain = new LogEhvi(decomposeNonDominated(front, reference), marginals);
      const [mu, sigma] = [new Float64Array(m).fill(0.35), new Float64Array(m).fill(0.25)];
      const expected = ehviOfGrid([...front], reference, mu, sigma, marginals, levels);
      const value = Math.exp(gain.evaluate(mu, sigma));
      assert.ok(Math.abs(value / expected - 1) < (m === 2 ? 5e-3 : 3e-2), `${value} for ${expected}`);
    }
  });

  it('is the exact improvement without uncertainty', () => {
    const gain = new LogEhvi(decomposeNonDominated(FRONT3, [1, 1, 1]), [PLAIN, PLAIN, PLAIN]);
    const point = [0.4, 0.4, 0.35];
    const expected = hypervolume([...FRONT3, point], [1, 1, 1]) - hypervolume(FRONT3, [1, 1, 1]);
    assert.ok(Math.abs(Math.exp(gain.evaluate(Float64Array.from(point), new Float64Array(3))) - expected) < 1e-12);
    assert.equal(gain.evaluate(Float64Array.of(0.9, 0.9, 0.9), new Float64Array(3)), Number.NEGATIVE_INFINITY);
  });

  it('has the gradient that differences give, near the front and where the plain sum underflows', () => {
    const log: Marginal = { kind: 'log', location: 0.1, scale: 0.5, shift: 0 };
    for (const marginals of [
      [PLAIN, PLAIN, PLAIN],
      [PLAIN, log, PLAIN],
    ]) {
      const gain = new LogEhvi(decomposeNonDominated(FRONT3, [1, 1, 1]), marginals);
      checkGradient(gain, Float64Array.of(0.3, 0.4, 0.5), Float64Array.of(0.2, 0.1, 0.3), 1e-5);
      checkGradient(gain, Float64Array.of(0.9, 1.2, 0.8), Float64Array.of(0.02, 0.2, 0.05), 1e-5);
      checkGradient(gain, Float64Array.of(3, 4, 5), Float64Array.of(0.05, 0.1, 0.1), 1e-4);
    }
  });

  it('still falls and has a slope a thousand deviations away', () => {
    const gain = new LogEhvi(decomposeNonDominated(FRONT2, [1, 1]), [PLAIN, PLAIN]);
    const [dMu, dSigma] = [new Float64Array(2), new Float64Array(2)];
    const near = gain.evaluate(Float64Array.of(2, 2), Float64Array.of(1e-3, 1e-3), dMu, dSigma);
    const far = gain.evaluate(Float64Array.of(3, 3), Float64Array.of(1e-3, 1e-3));
    assert.ok(Number.isFinite(near) && Number.isFinite(far) && far < near);
    assert.ok(dMu[0] < 0 && dMu[1] < 0 && dSigma[0] > 0);
  });

  it('is log expected improvement with one objective', () => {
    const gain = new LogEhvi(decomposeNonDominated([[0.4]], [1]), [PLAIN]);
    const [mu, sigma] = [0.5, 0.2];
    const z = (0.4 - mu) / sigma;
    const expected = sigma * (normalPdf(z) + z * normalCdf(z));
    assert.ok(Math.abs(gain.evaluate(Float64Array.of(mu), Float64Array.of(sigma)) - Math.log(expected)) < 1e-10);
  });
});
