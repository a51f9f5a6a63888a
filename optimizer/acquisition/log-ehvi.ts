/**
 * Expected hypervolume improvement of independent (log-)normal predictions, in closed form over a box decomposition of the
 * non-dominated region, and its logarithm. All objectives are minimised.
 *   EHVI = sum_k prod_j E[(u_kj - max(f_j, l_kj))+] = sum_k prod_j (psi_j(u_kj) - psi_j(l_kj)),
 *   psi_j(a) = E[(a - f_j)+]  (marginal.ts)                              (Emmerich, Yang, Deutz 2016; Yang et al. 2019).
 * psi is evaluated once per distinct coordinate. Where the sum would underflow, the same sum is formed from logarithms
 * (Ament et al. 2023), so the gradient does not vanish far from the front.
 */
import { log1mExp } from '../math/normal.ts';
import type { ScenarioGain } from './acquisition.ts';
import { fillLogPsi, fillPsi, type Marginal, type Psi } from './marginal.ts';

/** Boxes [lower, upper] that partition the region not dominated by the front and bounded by the reference; K x m, row-major. */
export interface Boxes {
  readonly m: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Below this the plain sum is not trusted and the logarithmic one is used. */
const SMALLEST_PLAIN = 1e-200;

/** One box decomposition, prepared for many evaluations. */
export class LogEhvi implements ScenarioGain {
  readonly m: number;
  readonly #marginals: readonly Marginal[];
  readonly #scratch: Psi = { value: 0, mu: 0, sigma: 0 };
  readonly #count: number;
  /** Distinct coordinates per objective, ascending; -Infinity may be the first. */
  readonly #coordinates: Float64Array[];
  readonly #lowerIndex: Int32Array;
  readonly #upperIndex: Int32Array;
  readonly #psi: Float64Array[];
  readonly #psiMu: Float64Array[];
  readonly #psiSigma: Float64Array[];
  readonly #sums: Float64Array;

  /** `boxes` are in the objectives' own units; `marginals` (m) lead there from the units of the predictions. */
  constructor(boxes: Boxes, marginals: readonly Marginal[]) {
    const { m, lower, upper } = boxes;
    this.m = m;
    this.#marginals = marginals;
    this.#count = lower.length / m;
    this.#lowerIndex = new Int32Array(lower.length);
    this.#upperIndex = new Int32Array(upper.length);
    this.#coordinates = [];
    for (let j = 0; j < m; j++) {
      const values = new Set<number>();
      for (let k = 0; k < this.#count; k++) {
        values.add(lower[k * m + j]);
        values.add(upper[k * m + j]);
      }
      const sorted = Float64Array.from(values).sort();
      const position = new Map<number, number>();
      for (let i = 0; i < sorted.length; i++) position.set(sorted[i], i);
      for (let k = 0; k < this.#count; k++) {
        this.#lowerIndex[k * m + j] = position.get(lower[k * m + j]) ?? 0;
        this.#upperIndex[k * m + j] = position.get(upper[k * m + j]) ?? 0;
      }
      this.#coordinates.push(sorted);
    }
    this.#psi = this.#coordinates.map((c) => new Float64Array(c.length));
    this.#psiMu = this.#coordinates.map((c) => new Float64Array(c.length));
    this.#psiSigma = this.#coordinates.map((c) => new Float64Array(c.length));
    this.#sums = new Float64Array(2 * m);
  }

  evaluate(mu: Float64Array, sigma: Float64Array, dMu?: Float64Array, dSigma?: Float64Array): number {
    for (let j = 0; j < this.m; j++) this.#fillPsi(j, mu[j], sigma[j]);
    const sum = this.#plainSum(dMu !== undefined);
    if (sum >= SMALLEST_PLAIN) {
      if (dMu !== undefined && dSigma !== undefined) {
        for (let j = 0; j < this.m; j++) {
          dMu[j] = this.#sums[2 * j] / sum;
          dSigma[j] = this.#sums[2 * j + 1] / sum;
        }
      }
      return Math.log(sum);
    }
    return this.#evaluateLog(mu, sigma, dMu, dSigma);
  }

  #fillPsi(j: number, mu: number, sigma: number): void {
    const [coordinates, psi, psiMu, psiSigma] = [this.#coordinates[j], this.#psi[j], this.#psiMu[j], this.#psiSigma[j]];
    const out = this.#scratch;
    for (let i = 0; i < coordinates.length; i++) {
      fillPsi(this.#marginals[j], coordinates[i], mu, sigma, out);
      psi[i] = out.value;
      psiMu[i] = out.mu;
      psiSigma[i] = out.sigma;
    }
  }

  /** The sum over boxes; with gradients also sums[2j] = d/d mu_j and sums[2j+1] = d/d sigma_j. */
  #plainSum(withGradient: boolean): number {
    const m = this.m;
    const [lowerIndex, upperIndex, sums] = [this.#lowerIndex, this.#upperIndex, this.#sums];
    const [psi, psiMu, psiSigma] = [this.#psi, this.#psiMu, this.#psiSigma];
    sums.fill(0);
    let total = 0;
    for (let k = 0; k < this.#count; k++) {
      const at = k * m;
      let product = 1;
      for (let j = 0; j < m; j++) product *= psi[j][upperIndex[at + j]] - psi[j][lowerIndex[at + j]];
      if (!(product > 0)) continue;
      total += product;
      if (!withGradient) continue;
      for (let j = 0; j < m; j++) {
        const up = upperIndex[at + j];
        const low = lowerIndex[at + j];
        const others = product / (psi[j][up] - psi[j][low]);
        sums[2 * j] += others * (psiMu[j][up] - psiMu[j][low]);
        sums[2 * j + 1] += others * (psiSigma[j][up] - psiSigma[j][low]);
      }
    }
    return total;
  }

  #evaluateLog(mu: Float64Array, sigma: Float64Array, dMu?: Float64Array, dSigma?: Float64Array): number {
    const m = this.m;
    const terms = new Float64Array(this.#count);
    const slopes = new Float64Array(this.#count * m * 2);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < this.#count; k++) {
      let term = 0;
      for (let j = 0; j < m; j++) {
        const up = this.#coordinates[j][this.#upperIndex[k * m + j]];
        const low = this.#coordinates[j][this.#lowerIndex[k * m + j]];
        term += logEdge(this.#marginals[j], up, low, mu[j], sigma[j], slopes, (k * m + j) * 2);
      }
      terms[k] = term;
      if (term > largest) largest = term;
    }
    dMu?.fill(0);
    dSigma?.fill(0);
    if (largest === Number.NEGATIVE_INFINITY) return largest;
    let sum = 0;
    for (let k = 0; k < this.#count; k++) {
      const weight = Math.exp(terms[k] - largest);
      if (weight === 0) continue;
      sum += weight;
      if (dMu === undefined || dSigma === undefined) continue;
      for (let j = 0; j < m; j++) {
        dMu[j] += weight * slopes[(k * m + j) * 2];
        dSigma[j] += weight * slopes[(k * m + j) * 2 + 1];
      }
    }
    if (dMu !== undefined && dSigma !== undefined) {
      for (let j = 0; j < m; j++) {
        dMu[j] /= sum;
        dSigma[j] /= sum;
      }
    }
    return largest + Math.log(sum);
  }
}

/** log(psi(up) - psi(low)); writes its derivatives in mu and sigma at slopes[at], slopes[at + 1]. */
function logEdge(
  marginal: Marginal,
  up: number,
  low: number,
  mu: number,
  sigma: number,
  slopes: Float64Array,
  at: number,
): number {
  slopes[at] = 0;
  slopes[at + 1] = 0;
  const upper: Psi = { value: 0, mu: 0, sigma: 0 };
  const lower: Psi = { value: 0, mu: 0, sigma: 0 };
  if (sigma === 0) {
    fillPsi(marginal, up, mu, sigma, upper);
    fillPsi(marginal, low, mu, sigma, lower);
    const edge = upper.value - lower.value;
    if (!(edge > 0)) return Number.NEGATIVE_INFINITY;
    slopes[at] = (upper.mu - lower.mu) / edge;
    return Math.log(edge);
  }
  fillLogPsi(marginal, up, mu, sigma, upper);
  if (upper.value === Number.NEGATIVE_INFINITY) return upper.value;
  if (low > Number.NEGATIVE_INFINITY) fillLogPsi(marginal, low, mu, sigma, lower);
  else lower.value = Number.NEGATIVE_INFINITY;
  const gap = lower.value - upper.value;
  if (!(gap < 0)) return Number.NEGATIVE_INFINITY;
  const share = Math.exp(gap);
  const rest = -Math.expm1(gap);
  slopes[at] = (upper.mu - share * lower.mu) / rest;
  slopes[at + 1] = (upper.sigma - share * lower.sigma) / rest;
  return upper.value + (gap === Number.NEGATIVE_INFINITY ? 0 : log1mExp(gap));
}
