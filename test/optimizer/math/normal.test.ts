import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  expectedImprovement,
  inverseMills,
  log1mExp,
  logExpectedImprovement,
  logExpectedImprovementSlope,
  millsRatio,
  normalCdf,
  normalLogCdf,
  normalPdf,
  normalQuantile,
} from '../../../optimizer/math/normal.ts';

/** Simpson's rule. */
function integrate(f: (t: number) => number, from: number, to: number, panels = 4000): number {
  const h = (to - from) / panels;
  let sum = f(from) + f(to);
  for (let i = 1; i < panels; i++) sum += f(from + i * h) * (i % 2 === 1 ? 4 : 2);
  return (sum * h) / 3;
}

const near = (value: number, expected: number, relative: number): void =>
  assert.ok(Math.abs(value - expected) <= relative * Math.abs(expected) + 1e-300, `${value} for ${expected}`);

describe('the normal distribution', () => {
  it('has the probabilities that quadrature gives', () => {
    for (const z of [-5, -2.5, -0.4, 0, 0.3, 1, 3]) near(normalCdf(z), integrate(normalPdf, -12, z), 1e-9);
  });

  it('keeps its logarithm far in the tail', () => {
    // log Phi(-z) = log phi(z) - log z - 1/z^2 + 5/(2 z^4) + O(z^-6).
    for (const z of [40, 200, 1e4]) {
      near(normalLogCdf(-z), -0.5 * z * z - Math.log(z * Math.sqrt(2 * Math.PI)) - 1 / z ** 2, 1e-6);
    }
    for (const z of [-3, -1, 0, 2]) near(normalLogCdf(z), Math.log(normalCdf(z)), 1e-12);
  });

  it('inverts its distribution function', () => {
    for (const p of [1e-12, 1e-5, 0.02, 0.5, 0.9, 0.999999]) near(normalCdf(normalQuantile(p)), p, 1e-12);
  });

  it('has Mills ratios that agree with the density', () => {
    for (const t of [-3, 0, 1.5, 5]) near(millsRatio(t), normalCdf(-t) / normalPdf(t), 1e-12);
    for (const z of [-4, -1, 0.5, 3]) near(inverseMills(z), normalPdf(z) / normalCdf(z), 1e-12);
  });
});

describe('expected improvement', () => {
  it('is E[(z + Z)+]', () => {
    for (const z of [-4, -1, 0, 0.7, 3]) {
      near(
        expectedImprovement(z),
        integrate((t) => Math.max(0, z + t) * normalPdf(t), -z, 14),
        1e-8,
      );
    }
  });

  it('has a logarithm and a slope that hold where it underflows', () => {
    for (const z of [-30, -8, -2, 0, 4]) {
      const step = 1e-5 * Math.max(1, Math.abs(z));
      const difference = (logExpectedImprovement(z + step) - logExpectedImprovement(z - step)) / (2 * step);
      near(logExpectedImprovementSlope(z), difference, 1e-6);
      if (z > -6) near(logExpectedImprovement(z), Math.log(expectedImprovement(z)), 1e-7);
    }
    assert.ok(Number.isFinite(logExpectedImprovement(-1e5)));
  });

  it('takes log(1 - e^x) without cancellation', () => {
    near(log1mExp(-1e-18), Math.log(1e-18), 1e-12);
    near(log1mExp(-50), -Math.exp(-50), 1e-12);
  });
});
