import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitHyperParameters, initialTheta } from '../../../optimizer/gp/fit.ts';
import {
  defaultPriors,
  type LogNormal,
  logNormalDensity,
  naturalHyper,
} from '../../../optimizer/gp/hyper-parameters.ts';
import { kernelOfRows } from '../../../optimizer/gp/kernel.ts';
import { detrended, MarginalLikelihood } from '../../../optimizer/gp/marginal-likelihood.ts';
import { COLUMNS, KINDS, randomData, randomHyper } from './gp-data.ts';

const D = COLUMNS.length;

/** log det and inverse of a symmetric matrix by Gauss-Jordan elimination. */
function eliminate(A: number[][]): { logDet: number; inverse: number[][] } {
  const n = A.length;
  const M = A.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  let logDet = 0;
  for (let p = 0; p < n; p++) {
    const pivot = M[p][p];
    logDet += Math.log(pivot);
    M[p] = M[p].map((v) => v / pivot);
    for (let i = 0; i < n; i++) {
      const factor = M[i][p];
      if (i !== p) M[i] = M[i].map((v, j) => v - factor * M[p][j]);
    }
  }
  return { logDet, inverse: M.map((row) => row.slice(n)) };
}

describe('the marginal likelihood', () => {
  const data = randomData(15, 5);
  const priors = defaultPriors(D);

  for (const kind of KINDS) {
    it(`has the gradient that differences give (${kind})`, () => {
      const likelihood = new MarginalLikelihood(data, kind, priors);
      const { theta } = randomHyper(kind, 8);
      const gradient = new Float64Array(theta.length);
      likelihood.evaluate(theta, gradient);
      for (let k = 0; k < theta.length; k++) {
        const at = (step: number): number => {
          const moved = theta.slice();
          moved[k] += step;
          return likelihood.evaluate(moved, new Float64Array(theta.length));
        };
        const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert.ok(Math.abs(gradient[k] - difference) < 1e-6, `theta ${k}: ${gradient[k]} for ${difference}`);
      }
    });

    it(`has the gradient in slopes along trends too (${kind})`, () => {
      const trends = [0, 1].map((d) => Float64Array.from({ length: data.n }, (_, i) => 1 - 2 * data.X[i * D + d]));
      const likelihood = new MarginalLikelihood({ ...data, trends }, kind, priors);
      const point = Float64Array.of(...randomHyper(kind, 8).theta, 0.4, 1.3);
      const gradient = new Float64Array(point.length);
      const value = likelihood.evaluate(point, gradient);
      for (let k = 0; k < point.length; k++) {
        const at = (step: number): number => {
          const moved = point.slice();
          moved[k] += step;
          return likelihood.evaluate(moved, new Float64Array(point.length));
        };
        const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert.ok(Math.abs(gradient[k] - difference) < 1e-6, `parameter ${k}: ${gradient[k]} for ${difference}`);
      }
      const plain = new MarginalLikelihood(detrended({ ...data, trends }, [0.4, 1.3]), kind, priors);
      const usual = priors.slope.mean / Math.SQRT2;
      const prior = [0.4, 1.3].reduce((sum, slope) => sum + 0.5 * ((slope - usual) / priors.slope.deviation) ** 2, 0);
      const rest = plain.evaluate(point.slice(0, -2), new Float64Array(point.length - 2));
      assert.ok(Math.abs(value - (rest + prior / data.n)) < 1e-12);
    });

    it(`has the value of the definition (${kind})`, () => {
      const { theta } = randomHyper(kind, 9);
      const natural = naturalHyper(kind, theta);
      const { n, X, y, knownNoise } = data;
      const rows = Array.from({ length: n }, (_, i) => X.subarray(i * D, i * D + D));
      const K = rows.map((a, i) =>
        rows.map((b, j) => {
          const noise = Number.isNaN(knownNoise[i]) ? natural.noise : knownNoise[i];
          return kernelOfRows(COLUMNS, kind, natural, a, b) + (i === j ? noise : 0);
        }),
      );
      const { logDet, inverse } = eliminate(K);
      const sums = inverse.map((row) => row.reduce((a, b) => a + b, 0));
      const mean = sums.reduce((a, s, i) => a + s * y[i], 0) / sums.reduce((a, b) => a + b, 0);
      let quadratic = 0;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) quadratic += (y[i] - mean) * inverse[i][j] * (y[j] - mean);
      const prior = (p: LogNormal, t: number): number => logNormalDensity(p, t);
      let density = -0.5 * (quadratic + logDet + n * Math.log(2 * Math.PI));
      for (let d = 0; d < D; d++)
        density += prior(kind === 'anova' ? priors.ownLengthscale : priors.lengthscale, theta[d]);
      density += prior(priors.signal, theta[D]) + prior(priors.noise, theta[D + 1]);
      if (kind === 'matern52' || kind === 'rbf') density -= 0.5 * (theta[D + 2] / priors.shareDeviation) ** 2;
      else if (kind !== 'anova') density -= 0.5 * (theta[D + 2] / priors.subsetsDeviation) ** 2;
      else for (const t of theta.subarray(D + 2)) density += prior(priors.amplitude, t);
      const value = new MarginalLikelihood(data, kind, priors).evaluate(theta, new Float64Array(theta.length));
      assert.ok(Math.abs(value + density / n) < 1e-9, `${value} for ${-density / n}`);
    });
  }

  it('rises by fitting, and fits never fail', () => {
    const start = initialTheta('matern52', D);
    const before = new MarginalLikelihood(data, 'matern52', priors).evaluate(start, new Float64Array(start.length));
    const fitted = fitHyperParameters(data, { kinds: ['matern52'], maxIterations: 60 });
    assert.ok(fitted.logDensity > -before);
    const broken = { ...data, y: data.y.map(() => Number.NaN) };
    assert.deepEqual(fitHyperParameters(broken, { kinds: KINDS, maxIterations: 5 }).theta, start);
  });
});
