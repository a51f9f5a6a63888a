/**
 * Log posterior density of the hyper-parameters of an exact Gaussian process, with its gradient (Rasmussen & Williams 2006,
 * section 5.4.1). y = mean + sum_j slope_j trend_j + f + noise, K = k + diag(noise + known), the constant mean is its generalised least
 * squares estimate (so its derivative vanishes). Divided by n, negated: a function to minimise over theta (hyper-parameters.ts) followed
 * by the slopes, if there are trends.
 */
import { choleskyWithJitter } from '../linalg/cholesky.ts';
import {
  inverseFromTransposed,
  invertLowerTransposed,
  solveLower,
  solveLowerTransposed,
} from '../linalg/triangular.ts';
import type { HyperPriors } from './hyper-parameters.ts';
import { isProduct, logNormalDensity, logNormalSlope, naturalHyper } from './hyper-parameters.ts';
import type { KernelColumn, KernelKind } from './kernel.ts';
import { isSquaredExponential, pairDistances } from './kernel.ts';

export interface GpData {
  readonly columns: readonly KernelColumn[];
  readonly n: number;
  /** n x D, row-major. */
  readonly X: Float64Array;
  /** Standardised outputs, n. */
  readonly y: Float64Array;
  /** Known noise variance of each output in standardised units; NaN where it must be inferred. */
  readonly knownNoise: Float64Array;
  /** Functions of the point that the outputs are expected to follow, multiplied by slopes to be found: their values, n each. */
  readonly trends?: readonly Float64Array[];
}

/** Outputs less `slopes` times the trends, which are then no longer there. */
export function detrended(data: GpData, slopes: ArrayLike<number>): GpData {
  const { trends = [], ...rest } = data;
  if (trends.length === 0) return data;
  const y = data.y.slice();
  trends.forEach((trend, j) => {
    for (let i = 0; i < y.length; i++) y[i] -= slopes[j] * trend[i];
  });
  return { ...rest, y };
}

const SQRT5 = Math.sqrt(5);

/** Evaluates the objective for one data set; holds the workspaces, so that a fit allocates once. */
export class MarginalLikelihood {
  readonly #data: GpData;
  readonly #kind: KernelKind;
  readonly #priors: HyperPriors;
  readonly #pairs: Float64Array;
  readonly #K: Float64Array;
  readonly #L: Float64Array;
  readonly #U: Float64Array;
  /** Per pair: joint and additive part of k, slope of the joint part, slopes of the additive terms (times share / D). */
  readonly #joint: Float64Array;
  readonly #additive: Float64Array;
  readonly #slope: Float64Array;
  readonly #slopes: Float64Array;
  readonly #shares: Float64Array;
  readonly #alpha: Float64Array;
  readonly #ones: Float64Array;

  constructor(data: GpData, kind: KernelKind, priors: HyperPriors) {
    const n = data.n;
    this.#data = data;
    this.#kind = kind;
    this.#priors = priors;
    this.#pairs = pairDistances(data.columns, data.X, n);
    this.#K = new Float64Array(n * n);
    this.#L = new Float64Array(n * n);
    this.#U = new Float64Array(n * n);
    this.#joint = new Float64Array((n * (n - 1)) / 2);
    this.#additive = new Float64Array((n * (n - 1)) / 2);
    this.#slope = new Float64Array((n * (n - 1)) / 2);
    this.#slopes = new Float64Array(this.#pairs.length);
    this.#shares = new Float64Array(isProduct(kind) ? this.#pairs.length : 0);
    this.#alpha = new Float64Array(n);
    this.#ones = new Float64Array(n);
  }

  #fillKernel(theta: Float64Array): void {
    const { n, columns, knownNoise } = this.#data;
    const D = columns.length;
    const { weights, signal, noise, share } = naturalHyper(this.#kind, theta);
    const isRbf = this.#kind === 'rbf';
    const [pairs, joint, additive, slope, slopes, K] = [
      this.#pairs,
      this.#joint,
      this.#additive,
      this.#slope,
      this.#slopes,
      this.#K,
    ];
    if (isProduct(this.#kind)) {
      this.#fillProducts(theta);
      return;
    }
    const shareOfTerm = share / D;
    let pair = 0;
    let at = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let squared = 0;
        let sum = 0;
        for (let d = 0; d < D; d++) {
          const distance = weights[d] * pairs[at];
          squared += distance;
          if (isRbf) {
            const value = Math.exp(-0.5 * distance);
            sum += value;
            slopes[at++] = shareOfTerm * -0.5 * value;
          } else {
            const r = SQRT5 * Math.sqrt(distance);
            const decay = Math.exp(-r);
            sum += (1 + r + (r * r) / 3) * decay;
            slopes[at++] = shareOfTerm * (-5 / 6) * (1 + r) * decay;
          }
        }
        if (isRbf) {
          joint[pair] = Math.exp(-0.5 * squared);
          slope[pair] = (1 - share) * -0.5 * joint[pair];
        } else {
          const r = SQRT5 * Math.sqrt(squared);
          const decay = Math.exp(-r);
          joint[pair] = (1 + r + (r * r) / 3) * decay;
          slope[pair] = (1 - share) * (-5 / 6) * (1 + r) * decay;
        }
        additive[pair] = sum / D;
        K[i * n + j] = signal * ((1 - share) * joint[pair] + share * additive[pair]);
        pair++;
      }
      K[i * n + i] = signal + (Number.isNaN(knownNoise[i]) ? noise : knownNoise[i]);
    }
  }

  /** The same for products; `joint` is the product, `slopes` and `shares` the derivatives of its logarithm in w delta and in log amplitude. */
  #fillProducts(theta: Float64Array): void {
    const { n, columns, knownNoise } = this.#data;
    const D = columns.length;
    const isSmooth = isSquaredExponential(this.#kind);
    const { weights, signal, noise, amplitudes, constant } = naturalHyper(this.#kind, theta);
    const [pairs, joint, slopes, shares, K] = [this.#pairs, this.#joint, this.#slopes, this.#shares, this.#K];
    const size = signal / (1 - constant);
    let pair = 0;
    let at = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let product = 1;
        for (let d = 0; d < D; d++) {
          const amplitude = amplitudes[d];
          const distance = weights[d] * pairs[at];
          let own: number;
          let slope: number;
          if (isSmooth) {
            own = amplitude * Math.exp(-0.5 * distance);
            slope = -0.5 * own;
          } else {
            const r = SQRT5 * Math.sqrt(distance);
            const decay = Math.exp(-r);
            own = amplitude * (1 + r + (r * r) / 3) * decay;
            slope = amplitude * (-5 / 6) * (1 + r) * decay;
          }
          product *= (1 + own) / (1 + amplitude);
          slopes[at] = slope / (1 + own);
          shares[at++] = own / (1 + own) - amplitude / (1 + amplitude);
        }
        joint[pair] = product;
        K[i * n + j] = size * (product - constant);
        pair++;
      }
      K[i * n + i] = signal + (Number.isNaN(knownNoise[i]) ? noise : knownNoise[i]);
    }
  }

  /** Negative log posterior density / n at theta and slopes; +Infinity where the matrix cannot be factorised. Writes the gradient. */
  evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { n, columns, knownNoise, trends = [] } = this.#data;
    const D = columns.length;
    const length = parameters.length - trends.length;
    const theta = trends.length === 0 ? parameters : parameters.subarray(0, length);
    const { y } = detrended(this.#data, parameters.subarray(length));
    this.#fillKernel(theta);
    const [L, U, K, alpha, ones] = [this.#L, this.#U, this.#K, this.#alpha, this.#ones];
    gradient.fill(0);
    if (choleskyWithJitter(K, n, L) === undefined) return Number.POSITIVE_INFINITY;
    ones.fill(1);
    solveLower(L, n, n, ones, ones);
    solveLower(L, n, n, y, alpha);
    let oneOne = 0;
    let oneY = 0;
    for (let i = 0; i < n; i++) {
      oneOne += ones[i] * ones[i];
      oneY += ones[i] * alpha[i];
    }
    const mean = oneY / oneOne;
    let quadratic = 0;
    let logDeterminant = 0;
    for (let i = 0; i < n; i++) {
      alpha[i] -= mean * ones[i];
      quadratic += alpha[i] * alpha[i];
      logDeterminant += Math.log(L[i * n + i]);
    }
    solveLowerTransposed(L, n, n, alpha, alpha);
    invertLowerTransposed(L, n, n, U);
    inverseFromTransposed(U, n, K);

    const { weights, signal, noise, share, amplitudes, constant } = naturalHyper(this.#kind, theta);
    const isAnova = this.#kind === 'anova';
    const isProducts = isProduct(this.#kind);
    const size = signal / (1 - constant);
    const columnSums = new Float64Array(D);
    const amplitudeSums = new Float64Array(D);
    const shares = this.#shares;
    const [pairs, joint, additive, slope, slopes] = [
      this.#pairs,
      this.#joint,
      this.#additive,
      this.#slope,
      this.#slopes,
    ];
    let signalSum = 0;
    let noiseSum = 0;
    let shareSum = 0;
    let constantSum = 0;
    let pair = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const weight = alpha[i] * alpha[j] - K[i * n + j];
        if (isProducts) {
          const scaled = weight * joint[pair];
          signalSum += (2 * weight * (joint[pair] - constant)) / (1 - constant);
          constantSum += (weight * (joint[pair] - 1)) / (1 - constant);
          for (let d = 0, at = pair * D; d < D; d++, at++) {
            columnSums[d] += scaled * slopes[at] * pairs[at];
            amplitudeSums[d] += scaled * shares[at];
          }
          pair++;
          continue;
        }
        signalSum += 2 * weight * ((1 - share) * joint[pair] + share * additive[pair]);
        shareSum += weight * (additive[pair] - joint[pair]);
        const at = pair * D;
        const common = slope[pair];
        for (let d = 0; d < D; d++) columnSums[d] += weight * (common + slopes[at + d]) * pairs[at + d];
        pair++;
      }
      const weight = alpha[i] * alpha[i] - K[i * n + i];
      signalSum += weight;
      if (Number.isNaN(knownNoise[i])) noiseSum += weight;
    }
    const priors = this.#priors;
    let value = -0.5 * quadratic - logDeterminant - 0.5 * n * Math.log(2 * Math.PI);
    const lengthscale = isAnova ? priors.ownLengthscale : priors.lengthscale;
    for (let d = 0; d < D; d++) {
      value += logNormalDensity(lengthscale, theta[d]);
      const likelihood = -2 * size * weights[d] * columnSums[d];
      gradient[d] = -(likelihood + logNormalSlope(lengthscale, theta[d])) / n;
    }
    value += logNormalDensity(priors.signal, theta[D]) + logNormalDensity(priors.noise, theta[D + 1]);
    gradient[D] = -(0.5 * signal * signalSum + logNormalSlope(priors.signal, theta[D])) / n;
    gradient[D + 1] = -(0.5 * noise * noiseSum + logNormalSlope(priors.noise, theta[D + 1])) / n;
    if (isAnova) {
      for (let d = 0; d < D; d++) {
        const at = D + 2 + d;
        value += logNormalDensity(priors.amplitude, theta[at]);
        gradient[at] = -(signal * amplitudeSums[d] + logNormalSlope(priors.amplitude, theta[at])) / n;
      }
    } else if (isProducts) {
      const additivity = theta[D + 2] / priors.subsetsDeviation;
      value -= 0.5 * additivity * additivity;
      // What is left out as constant falls by D a / (1 + a) of itself with the logarithm of the amplitude.
      let slope = (-size * constantSum * constant * D * amplitudes[0]) / (1 + amplitudes[0]);
      for (let d = 0; d < D; d++) slope += size * amplitudeSums[d];
      gradient[D + 2] = (slope + additivity / priors.subsetsDeviation) / n;
    } else {
      const logit = theta[D + 2] / priors.shareDeviation;
      value -= 0.5 * logit * logit;
      gradient[D + 2] = -(signal * share * (1 - share) * shareSum - logit / priors.shareDeviation) / n;
    }
    trends.forEach((trend, j) => {
      const { mean: usual, deviation } = priors.slope;
      const z = (parameters[length + j] - usual / Math.sqrt(trends.length)) / deviation;
      let explained = 0;
      for (let i = 0; i < n; i++) explained += trend[i] * alpha[i];
      value -= 0.5 * z * z;
      gradient[length + j] = -(explained - z / deviation) / n;
    });
    return -value / n;
  }
}
