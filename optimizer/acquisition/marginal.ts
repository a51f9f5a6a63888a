/**
 * From the normal prediction of a model (mean mu, deviation sigma, in the model's standardised units y') to the expected improvement
 * psi(a) = E[(a - f)+] of the objective f in its own units, with derivatives in mu and sigma.
 * - linear: f = location + scale y':        psi = s h(z), z = (a - m) / s, m = location + scale mu, s = scale sigma
 * - log:    f = shift + exp(location + scale y'): with A = a - shift, z = (log A - m) / s,
 *           psi = A Phi(z) - exp(m + s^2/2) Phi(z - s) = A phi(z) (M(-z) - M(s - z)),   M(t) = Phi(-t) / phi(t)
 */
import {
  expectedImprovement,
  logExpectedImprovement,
  logExpectedImprovementSlope,
  millsRatio,
  normalCdf,
  normalPdf,
} from '../math/normal.ts';

export interface Marginal {
  readonly kind: 'linear' | 'log';
  readonly location: number;
  readonly scale: number;
  /** Lower bound of f; used by 'log' only. */
  readonly shift: number;
}

/** psi(a) and its derivatives in mu and sigma. */
export interface Psi {
  value: number;
  mu: number;
  sigma: number;
}

const LOG_SQRT_TWO_PI = 0.9189385332046727;

/** Plain values; `a` may be -Infinity. sigma = 0 means exact. */
export function fillPsi(marginal: Marginal, a: number, mu: number, sigma: number, out: Psi): void {
  const { kind, location, scale, shift } = marginal;
  const m = location + scale * mu;
  out.value = 0;
  out.mu = 0;
  out.sigma = 0;
  if (a === Number.NEGATIVE_INFINITY) return;
  if (sigma === 0) {
    const f = kind === 'linear' ? m : shift + Math.exp(m);
    if (!(a > f)) return;
    out.value = a - f;
    out.mu = -scale * (kind === 'linear' ? 1 : Math.exp(m));
    return;
  }
  const s = scale * sigma;
  if (kind === 'linear') {
    const z = (a - m) / s;
    out.value = s * expectedImprovement(z);
    out.mu = -scale * normalCdf(z);
    out.sigma = scale * normalPdf(z);
    return;
  }
  const A = a - shift;
  if (!(A > 0)) return;
  const z = (Math.log(A) - m) / s;
  const mass = A * normalPdf(z);
  // exp(m + s^2/2) Phi(z - s), without overflow where z is far below.
  const covered = z > 0 ? Math.exp(m + 0.5 * s * s) * normalCdf(z - s) : mass * millsRatio(s - z);
  out.value = z > 0 ? A * normalCdf(z) - covered : mass * (millsRatio(-z) - millsRatio(s - z));
  out.mu = -scale * covered;
  out.sigma = scale * (mass - s * covered);
}

/** log psi(a) for sigma > 0 in `out.value`, derivatives of log psi in the others. -Infinity where psi is 0. */
export function fillLogPsi(marginal: Marginal, a: number, mu: number, sigma: number, out: Psi): void {
  const { kind, location, scale, shift } = marginal;
  const m = location + scale * mu;
  const s = scale * sigma;
  out.value = Number.NEGATIVE_INFINITY;
  out.mu = 0;
  out.sigma = 0;
  if (kind === 'linear') {
    const z = (a - m) / s;
    const slope = logExpectedImprovementSlope(z);
    out.value = Math.log(s) + logExpectedImprovement(z);
    out.mu = (-slope * scale) / s;
    out.sigma = ((1 - z * slope) * scale) / s;
    return;
  }
  const A = a - shift;
  if (!(A > 0)) return;
  const z = (Math.log(A) - m) / s;
  if (z > -1) {
    fillPsi(marginal, a, mu, sigma, out);
    out.mu /= out.value;
    out.sigma /= out.value;
    out.value = Math.log(out.value);
    return;
  }
  const covered = millsRatio(s - z);
  const share = millsRatio(-z) - covered;
  if (!(share > 0)) return;
  out.value = Math.log(A) - 0.5 * z * z - LOG_SQRT_TWO_PI + Math.log(share);
  out.mu = (-scale * covered) / share;
  out.sigma = (scale * (1 - s * covered)) / share;
}
