import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitHyperParameters } from '../../../optimizer/gp/fit.ts';
import { defaultPriors, thetaBounds } from '../../../optimizer/gp/hyper-parameters.ts';
import { drawHyperParameters } from '../../../optimizer/gp/hyper-posterior.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { COLUMNS, KINDS, randomData } from './gp-data.ts';

const D = COLUMNS.length;
const EXACT = randomData(12, 31);
const data = { ...EXACT, knownNoise: new Float64Array(EXACT.n).fill(0.01) };

describe('draws of hyper-parameters', () => {
  for (const kind of KINDS) {
    it(`follow the prior where the data say nothing: noise that is known (${kind})`, () => {
      const fitted = fitHyperParameters(data, { kinds: [kind], maxIterations: 40 });
      const draws = drawHyperParameters(data, fitted, { draws: 600, warmUp: 20, between: 2 }, createRng(4));
      const noise = draws.map((theta) => theta[D + 1]);
      const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
      const deviation = Math.sqrt(noise.reduce((sum, t) => sum + (t - mean) ** 2, 0) / noise.length);
      const { mu, sigma } = defaultPriors(D).noise;
      // The bound at a variance of 1 cuts the upper 2.3 %.
      assert.ok(Math.abs(mean - mu) < 0.5, `mean ${mean}`);
      assert.ok(Math.abs(deviation - sigma) < 0.4, `deviation ${deviation}`);
    });

    it(`stay inside the bounds and repeat with the seed (${kind})`, () => {
      const fitted = fitHyperParameters(data, { kinds: [kind], maxIterations: 40 });
      const effort = { draws: 5, warmUp: 6, between: 3 };
      const draws = drawHyperParameters(data, fitted, effort, createRng(7));
      assert.equal(draws.length, 5);
      const { lower, upper } = thetaBounds(kind, D);
      for (const theta of draws) assert.ok(theta.every((t, i) => t >= lower[i] && t <= upper[i]));
      assert.deepEqual(drawHyperParameters(data, fitted, effort, createRng(7)), draws);
      assert.ok(new Set(draws.map((theta) => theta.join())).size > 2);
    });
  }

  it('are none where the density cannot be evaluated', () => {
    const broken = { ...data, y: data.y.map(() => Number.NaN) };
    const fitted = fitHyperParameters(broken, { kinds: ['anova'], maxIterations: 5 });
    assert.deepEqual(drawHyperParameters(broken, fitted, { draws: 3, warmUp: 2, between: 1 }, createRng(1)), []);
  });
});
