import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KernelColumn } from '../../../optimizer/gp/kernel.ts';
import { linearTransform, logTransform, momentsOf } from '../../../optimizer/gp/output-transform.ts';
import { type OutputData, Surrogate } from '../../../optimizer/gp/surrogate.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

const COLUMNS: readonly KernelColumn[] = [
  { kind: 'numeric', isConditional: false },
  { kind: 'numeric', isConditional: false },
];
const options = { kinds: ['matern52', 'rbf'], maxIterations: 60 } as const;
const smooth = ([a, b]: Float64Array): number => 100 + 20 * Math.sin(4 * a) + 15 * b * b;

function dataOf(n: number, f: (row: Float64Array) => number, seed = 1): OutputData {
  const rng = createRng(seed);
  const rows = Array.from({ length: n }, () => Float64Array.of(rng.nextFloat(), rng.nextFloat()));
  return { columns: COLUMNS, rows, values: rows.map(f), errors: rows.map(() => Number.NaN) };
}

function standard(data: OutputData) {
  const { mean, deviation } = momentsOf(data.values);
  return linearTransform(mean, deviation);
}

function fit(data: OutputData): Surrogate {
  const surrogate = Surrogate.fitBest(data, [standard(data)], options);
  assert.ok(surrogate !== undefined);
  return surrogate;
}

function predict({ model, transform }: Surrogate, a: number, b: number): { mean: number; sd: number } {
  model.predict(Float64Array.of(a, b));
  return { mean: transform.inverse(model.means[0]), sd: Math.sqrt(model.variance) / transform.slope(0) };
}

describe('Surrogate', () => {
  it('learns a smooth function from few points, and no noise where there is none', () => {
    const surrogate = fit(dataOf(25, smooth));
    for (const [a, b] of [
      [0.3, 0.4],
      [0.7, 0.8],
    ]) {
      assert.ok(Math.abs(predict(surrogate, a, b).mean - smooth(Float64Array.of(a, b))) < 0.5);
    }
    assert.ok(surrogate.model.noise < 1e-3);
  });

  it('infers noise that is there', () => {
    const rng = createRng(5);
    const surrogate = fit(dataOf(80, (row) => smooth(row) + 6 * rng.nextNormal()));
    const deviation = Math.sqrt(surrogate.model.noise) / surrogate.transform.slope(0);
    assert.ok(deviation > 4 && deviation < 8, `${deviation}`);
  });

  it('believes each value as far as its standard error allows', () => {
    const data = dataOf(20, smooth);
    const odd = { rows: [...data.rows, Float64Array.of(0.5, 0.5)], values: [...data.values, 190] };
    const withError = (error: number): number =>
      predict(fit({ ...data, ...odd, errors: [...data.rows.map(() => 0.1), error] }), 0.5, 0.5).mean;
    const truth = smooth(Float64Array.of(0.5, 0.5));
    assert.ok(Math.abs(withError(80) - truth) < 3);
    assert.ok(Math.abs(withError(0) - 190) < 0.1);
  });

  it('learns the residual of a prior mean', () => {
    const data = dataOf(12, smooth);
    const prior = data.rows.map((row) => smooth(row) - 5 + row[0]);
    const surrogate = Surrogate.fit({ ...data, prior }, standard(data), options);
    assert.ok(surrogate !== undefined);
    // What is left is a straight line: two thousand times less variance than the values have.
    const x = Float64Array.of(0.9, 0.1);
    surrogate.model.predict(x);
    const residual = surrogate.model.means[0] / surrogate.transform.slope(0);
    assert.ok(Math.abs(residual - (5 - x[0])) < 0.05, `${residual}`);
  });

  it('chooses the logarithm where that is additive, and only there', () => {
    const product = dataOf(30, ([a, b]) => Math.exp(4 * a + 3 * Math.sin(3 * b)));
    const transforms = (data: OutputData) => [standard(data), logTransform(data.values, -0.1)];
    const chosen = Surrogate.fitBest(product, transforms(product), options);
    assert.equal(chosen?.transform.shape.kind, 'log');
    const sum = dataOf(30, (row) => smooth(row) - 60);
    assert.equal(Surrogate.fitBest(sum, transforms(sum), options)?.transform.shape.kind, 'linear');
  });

  it('fitted on thinned data predicts as when fitted on all', () => {
    const data = dataOf(160, smooth);
    const thinned = fit(data);
    const exact = Surrogate.fit(data, standard(data), options);
    assert.ok(exact !== undefined);
    assert.equal(thinned.model.data.n, 160);
    for (const [a, b] of [
      [0.1, 0.9],
      [0.5, 0.5],
      [0.95, 0.05],
    ]) {
      const [p, q] = [predict(thinned, a, b), predict(exact, a, b)];
      assert.ok(Math.abs(p.mean - q.mean) < 0.1, `${p.mean} for ${q.mean}`);
      assert.ok(p.sd < 5 * q.sd + 0.05 && q.sd < 5 * p.sd + 0.05);
    }
  });
});
