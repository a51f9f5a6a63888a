import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { initialTheta } from '../../../optimizer/gp/fit.ts';
import { GpModel } from '../../../optimizer/gp/gp-model.ts';
import { leaveOneOut } from '../../../optimizer/gp/leave-one-out.ts';
import type { GpData } from '../../../optimizer/gp/marginal-likelihood.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

describe('leaveOneOut', () => {
  it('equals predicting each observation from a model without it', () => {
    const n = 12;
    const rng = createRng(3);
    const columns = [
      { kind: 'numeric', isConditional: false },
      { kind: 'numeric', isConditional: false },
    ] as const;
    const X = Float64Array.from({ length: 2 * n }, () => rng.nextFloat());
    const y = Float64Array.from(
      { length: n },
      (_, i) => Math.sin(6 * X[2 * i]) + X[2 * i + 1] + 0.1 * rng.nextNormal(),
    );
    const theta = initialTheta('matern52', 2);
    // The noise, as a logarithm, follows two length-scales and the signal.
    theta[3] = Math.log(0.02);
    const hyper = { kind: 'matern52', theta } as const;
    const data: GpData = { columns, n, X, y, knownNoise: new Float64Array(n).fill(Number.NaN) };
    const model = GpModel.create(data, hyper);
    assert.ok(model !== undefined);
    const loo = leaveOneOut(model);
    assert.ok(loo !== undefined);
    for (let i = 0; i < n; i++) {
      const others = Array.from({ length: n }, (_, k) => k).filter((k) => k !== i);
      const rest: GpData = {
        columns,
        n: n - 1,
        X: Float64Array.from(others.flatMap((k) => [X[2 * k], X[2 * k + 1]])),
        y: Float64Array.from(others, (k) => y[k]),
        knownNoise: new Float64Array(n - 1).fill(Number.NaN),
      };
      const without = GpModel.create(rest, hyper, [rest.y], model.mean);
      assert.ok(without !== undefined);
      without.predict(X.slice(2 * i, 2 * i + 2));
      assert.ok(Math.abs(without.means[0] - loo.means[i]) < 1e-9);
      assert.ok(Math.abs(without.variance + without.noise - loo.variances[i]) < 1e-9);
    }
  });
});
