import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cautiousModel } from '../../../optimizer/gp/cautious-model.ts';
import { GpModel } from '../../../optimizer/gp/gp-model.ts';
import { naturalHyper } from '../../../optimizer/gp/hyper-parameters.ts';
import { type KernelKind, kernelOfRows } from '../../../optimizer/gp/kernel.ts';
import { conditionOn } from '../../../optimizer/gp/surrogate.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { COLUMNS, KINDS, randomData, randomHyper, randomRow } from './gp-data.ts';

const D = COLUMNS.length;

function modelOf(kind: KernelKind, n = 18): GpModel {
  const model = GpModel.create(randomData(n, 21), randomHyper(kind, 22));
  assert.ok(model !== undefined);
  return model;
}

describe('GpModel', () => {
  for (const kind of KINDS) {
    it(`predicts the conditional of the joint normal (${kind})`, () => {
      const model = modelOf(kind);
      const { n, X, y, knownNoise } = model.data;
      const natural = naturalHyper(kind, model.hyper.theta);
      const rows = Array.from({ length: n }, (_, i) => X.subarray(i * D, i * D + D));
      const x = randomRow(createRng(4));
      const k = rows.map((row) => kernelOfRows(COLUMNS, kind, natural, x, row));
      // Solves K w = k by conjugate gradients on the dense matrix: another way than Cholesky.
      const times = (v: number[]): number[] =>
        rows.map((a, i) => {
          const noise = Number.isNaN(knownNoise[i]) ? natural.noise : knownNoise[i];
          return rows.reduce((sum, b, j) => sum + kernelOfRows(COLUMNS, kind, natural, a, b) * v[j], noise * v[i]);
        });
      const w = new Array<number>(n).fill(0);
      let r = [...k];
      let p = [...k];
      for (let step = 0; step < 200; step++) {
        const Kp = times(p);
        const rr = r.reduce((sum, v) => sum + v * v, 0);
        if (rr < 1e-26) break;
        const alpha = rr / p.reduce((sum, v, i) => sum + v * Kp[i], 0);
        for (let i = 0; i < n; i++) w[i] += alpha * p[i];
        r = r.map((v, i) => v - alpha * Kp[i]);
        const beta = r.reduce((sum, v) => sum + v * v, 0) / rr;
        p = r.map((v, i) => v + beta * p[i]);
      }
      model.predict(x);
      const mean = w.reduce((sum, v, i) => sum + v * (y[i] - model.mean), model.mean);
      const variance = natural.signal - w.reduce((sum, v, i) => sum + v * k[i], 0);
      assert.ok(Math.abs(model.means[0] - mean) < 1e-8);
      assert.ok(Math.abs(model.variance - variance) < 1e-8);
    });

    it(`has the gradient that differences give (${kind})`, () => {
      const model = modelOf(kind);
      const x = Float64Array.of(0.3, 0.8, 0, 0.45);
      const value = (at: Float64Array): number => {
        model.predict(at);
        return 1.7 * model.means[0] - 0.6 * model.variance;
      };
      const gradient = new Float64Array(D);
      value(x);
      model.backward(x, Float64Array.of(1.7), -0.6, gradient);
      for (const d of [0, 1, 3]) {
        const [up, down] = [x.slice(), x.slice()];
        up[d] += 1e-5;
        down[d] -= 1e-5;
        const difference = (value(up) - value(down)) / 2e-5;
        assert.ok(Math.abs(gradient[d] - difference) < 1e-6, `column ${d}: ${gradient[d]} for ${difference}`);
      }
      assert.equal(gradient[2], 0);
    });
  }

  it('has a joint covariance whose diagonal are the variances', () => {
    const model = modelOf('matern52');
    const rng = createRng(6);
    const points = Array.from({ length: 4 }, () => randomRow(rng));
    const covariance = model.posteriorCovariance(points);
    points.forEach((point, i) => {
      model.predict(point);
      assert.ok(Math.abs(covariance[i * 4 + i] - model.variance) < 1e-12);
      for (let j = 0; j < 4; j++) assert.equal(covariance[i * 4 + j], covariance[j * 4 + i]);
    });
  });

  it('grows by points as if it had been built with them, one model for all scenarios', () => {
    const model = modelOf('rbf');
    const rng = createRng(7);
    const rows = Array.from({ length: 3 }, () => randomRow(rng));
    const scenarios = [Float64Array.of(0.1, -1, 2), Float64Array.of(1, 1, -1)];
    const grown = conditionOn(model, rows, scenarios);
    assert.ok(grown !== undefined);
    const outputs = scenarios.map((values) => Float64Array.of(...model.data.y, ...values));
    const whole = GpModel.create(grown.data, model.hyper, outputs, model.mean);
    assert.ok(whole !== undefined);
    const x = randomRow(rng);
    grown.predict(x);
    whole.predict(x);
    assert.deepEqual(grown.means, whole.means);
    assert.equal(grown.variance, whole.variance);
    // A point that was given exact values is known.
    grown.predict(rows[1]);
    assert.ok(grown.variance < 1e-6);
    assert.ok(Math.abs(grown.means[0] - -1) < 1e-4 && Math.abs(grown.means[1] - 1) < 1e-4);
  });

  it('survives repeated points without noise', () => {
    const data = randomData(6, 3);
    const X = Float64Array.of(...data.X, ...data.X);
    const y = Float64Array.of(...data.y, ...data.y);
    const twice = { ...data, n: 12, X, y, knownNoise: new Float64Array(12).fill(1e-14) };
    const model = GpModel.create(twice, randomHyper('rbf', 1));
    assert.ok(model !== undefined);
    model.predict(data.X.subarray(0, D));
    assert.ok(Math.abs(model.means[0] - data.y[0]) < 1e-3 && model.variance >= 0);
  });

  it('is less sure with shorter length-scales', () => {
    const model = modelOf('matern52');
    const cautious = cautiousModel(model, { longest: 0.3, mostAdditive: -3 });
    const rng = createRng(9);
    for (let i = 0; i < 10; i++) {
      const x = randomRow(rng);
      model.predict(x);
      cautious.predict(x);
      assert.ok(cautious.variance > model.variance);
    }
    for (let d = 0; d < D; d++) assert.ok(cautious.hyper.theta[d] <= Math.log(0.3));
  });
});
