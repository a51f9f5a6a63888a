/**
 * Expected improvement of a randomly weighted augmented Chebyshev scalarisation (ParEGO, Knowles 2006; qLogNParEGO of BoTorch):
 *   g(f) = max_j w_j n_j(f_j) + 0.05 sum_j w_j n_j(f_j),   n_j(f) = (f - ideal_j) / range_j,   gain = log E[(best - g)+].
 * The expectation is over normal draws of the objectives' models with fixed base samples; maximum and positive part are smooth
 * with heavy tails (Ament et al. 2023, section 4), so that the gradient never vanishes.
 */
import type { ScenarioGain } from './acquisition.ts';
import { fatPlus } from './fat-plus.ts';
import type { Marginal } from './marginal.ts';

export interface Scalarisation {
  /** Positive, sum 1. */
  readonly weights: Float64Array;
  readonly ideal: Float64Array;
  readonly range: Float64Array;
}

const AUGMENTATION = 0.05;
/** Widths of the smooth maximum and of the smooth positive part, in normalised units. */
const MAX_WIDTH = 1e-2;
const PLUS_WIDTH = 1e-3;

/** g of exact objective values. */
export function chebyshev({ weights, ideal, range }: Scalarisation, f: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let j = 0; j < weights.length; j++) {
    const term = (weights[j] * (f[j] - ideal[j])) / range[j];
    largest = Math.max(largest, term);
    sum += term;
  }
  return largest + AUGMENTATION * sum;
}

export class LogChebyshev implements ScenarioGain {
  readonly #scalarisation: Scalarisation;
  readonly #marginals: readonly Marginal[];
  readonly #best: number;
  /** Base samples, draws x m. */
  readonly #z: Float64Array;
  readonly #terms: Float64Array;
  readonly #slopes: Float64Array;

  /** `best`: the smallest g reached so far. */
  constructor(scalarisation: Scalarisation, marginals: readonly Marginal[], best: number, z: Float64Array) {
    this.#scalarisation = scalarisation;
    this.#marginals = marginals;
    this.#best = best;
    this.#z = z;
    this.#terms = new Float64Array(marginals.length);
    this.#slopes = new Float64Array(marginals.length);
  }

  evaluate(mu: Float64Array, sigma: Float64Array, dMu?: Float64Array, dSigma?: Float64Array): number {
    const m = mu.length;
    const draws = this.#z.length / m;
    dMu?.fill(0);
    dSigma?.fill(0);
    let total = 0;
    for (let s = 0; s < draws; s++) {
      const { value, slope } = fatPlus(this.#best - this.#scalarise(mu, sigma, s * m), PLUS_WIDTH);
      total += value;
      if (dMu === undefined || dSigma === undefined) continue;
      for (let j = 0; j < m; j++) {
        dMu[j] -= slope * this.#slopes[j];
        dSigma[j] -= slope * this.#slopes[j] * this.#z[s * m + j];
      }
    }
    for (let j = 0; j < m && dMu !== undefined && dSigma !== undefined; j++) {
      dMu[j] /= total;
      dSigma[j] /= total;
    }
    return Math.log(total / draws);
  }

  /** Smooth g of one draw; leaves dg / d(standardised value) in `slopes`. */
  #scalarise(mu: Float64Array, sigma: Float64Array, at: number): number {
    const { weights, ideal, range } = this.#scalarisation;
    const [terms, slopes] = [this.#terms, this.#slopes];
    let largest = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let j = 0; j < terms.length; j++) {
      const { kind, location, scale, shift } = this.#marginals[j];
      const inner = location + scale * (mu[j] + sigma[j] * this.#z[at + j]);
      const f = kind === 'linear' ? inner : shift + Math.exp(inner);
      slopes[j] = (weights[j] / range[j]) * scale * (kind === 'linear' ? 1 : f - shift);
      terms[j] = (weights[j] * (f - ideal[j])) / range[j];
      largest = Math.max(largest, terms[j]);
      sum += terms[j];
    }
    let mass = 0;
    for (let j = 0; j < terms.length; j++) {
      const above = (largest - terms[j]) / MAX_WIDTH;
      mass += 2 / (2 + 2 * above + above * above);
    }
    // fatmax = M + width log sum P((M - t_j) / width); the derivatives of M itself cancel up to the weights below.
    let share = 0;
    let top = 0;
    for (let j = 0; j < terms.length; j++) {
      const above = (largest - terms[j]) / MAX_WIDTH;
      const p = 2 / (2 + 2 * above + above * above);
      const weight = (p * p * (1 + above)) / mass;
      if (terms[j] === largest) top = j;
      else {
        share += weight;
        slopes[j] *= weight + AUGMENTATION;
      }
    }
    slopes[top] *= 1 - share + AUGMENTATION;
    return largest + MAX_WIDTH * Math.log(mass) + AUGMENTATION * sum;
  }
}
