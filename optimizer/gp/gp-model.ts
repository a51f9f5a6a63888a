/**
 * Exact Gaussian process posterior (Rasmussen & Williams 2006, algorithm 2.1) for S output vectors that share inputs and
 * noise ("scenarios": one for plain data, several when latent values at some points are sampled), with reverse-mode gradients.
 * Latent function, standardised units: mean_s(x) = mean + k(x)^T alpha_s, variance v(x) = signal - |L^-1 k(x)|^2.
 */
import { choleskyAppend, choleskyWithJitter } from '../linalg/cholesky.ts';
import {
  appendInverseTransposed,
  dot,
  invertLowerTransposed,
  solveLower,
  solveLowerTransposed,
} from '../linalg/triangular.ts';
import { type GpHyper, isProduct, type NaturalHyper, naturalHyper } from './hyper-parameters.ts';
import { columnDistance, columnSlope, isSquaredExponential, kernelOfRows } from './kernel.ts';
import type { GpData } from './marginal-likelihood.ts';

/** Variance below which a prediction is not trusted, relative to the signal variance (rounding in |L^-1 k|^2). */
const MIN_VARIANCE = 1e-12;

const SQRT5 = Math.sqrt(5);

/** K + noise of `data` (lower triangle, n x n). */
function covarianceMatrix(data: GpData, hyper: GpHyper): Float64Array {
  const { n, columns, X, knownNoise } = data;
  const D = columns.length;
  const natural = naturalHyper(hyper.kind, hyper.theta);
  const rows = Array.from({ length: n }, (_, i) => X.subarray(i * D, i * D + D));
  const K = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) K[i * n + j] = kernelOfRows(columns, hyper.kind, natural, rows[i], rows[j]);
    K[i * n + i] = natural.signal + (Number.isNaN(knownNoise[i]) ? natural.noise : knownNoise[i]);
  }
  return K;
}

/** L with L L^T = K + noise, and U = (L^-1)^T; both n x n. */
interface Factor {
  readonly L: Float64Array;
  readonly U: Float64Array;
}

/** The factor of `data`, whose first rows are those of a factor of `n` rows; undefined when a pivot is not positive. */
function appendRows(factor: Factor, n: number, data: GpData, hyper: GpHyper): Factor | undefined {
  const { n: total, columns, X, knownNoise } = data;
  const D = columns.length;
  const natural = naturalHyper(hyper.kind, hyper.theta);
  const L = new Float64Array(total * total);
  const U = new Float64Array(total * total);
  for (let i = 0; i < n; i++) {
    L.set(factor.L.subarray(i * n, i * n + n), i * total);
    U.set(factor.U.subarray(i * n, i * n + n), i * total);
  }
  const column = new Float64Array(total);
  for (let i = n; i < total; i++) {
    const row = X.subarray(i * D, i * D + D);
    for (let j = 0; j < i; j++) {
      column[j] = kernelOfRows(columns, hyper.kind, natural, row, X.subarray(j * D, j * D + D));
    }
    const noise = Number.isNaN(knownNoise[i]) ? natural.noise : knownNoise[i];
    if (!choleskyAppend(L, total, i, column, natural.signal + noise)) return undefined;
    appendInverseTransposed(L, total, i, U, total);
  }
  return { L, U };
}

export class GpModel {
  readonly data: GpData;
  readonly hyper: GpHyper;
  readonly signal: number;
  /** Inferred noise variance. */
  readonly noise: number;
  readonly mean: number;
  readonly alphas: readonly Float64Array[];
  /** Means of the S scenarios and the common variance at the last point predicted. */
  readonly means: Float64Array;
  variance = 0;
  readonly #natural: NaturalHyper;
  readonly #factor: Factor;
  /** L^-1 (row-major lower) and its transpose: one product each way costs n^2/2. */
  readonly #inverse: Float64Array;
  readonly #inverseT: Float64Array;
  readonly #k: Float64Array;
  /** Derivatives of k in delta_d, n x D, at the last point predicted. */
  readonly #slopes: Float64Array;
  readonly #v: Float64Array;
  readonly #w: Float64Array;

  private constructor(data: GpData, hyper: GpHyper, factor: Factor, outputs: readonly Float64Array[], mean?: number) {
    const { n, columns } = data;
    const { L } = factor;
    const D = columns.length;
    this.data = data;
    this.hyper = hyper;
    this.#natural = naturalHyper(hyper.kind, hyper.theta);
    this.signal = this.#natural.signal;
    this.noise = this.#natural.noise;
    const ones = new Float64Array(n).fill(1);
    solveLower(L, n, n, ones, ones);
    const whitened = outputs.map((y) => {
      const out = new Float64Array(n);
      solveLower(L, n, n, y, out);
      return out;
    });
    this.mean = mean ?? (n === 0 ? 0 : dot(ones, 0, whitened[0], 0, n) / dot(ones, 0, ones, 0, n));
    for (const alpha of whitened) {
      for (let i = 0; i < n; i++) alpha[i] -= this.mean * ones[i];
      solveLowerTransposed(L, n, n, alpha, alpha);
    }
    this.alphas = whitened;
    this.means = new Float64Array(outputs.length);
    this.#factor = factor;
    this.#inverseT = factor.U;
    this.#inverse = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) this.#inverse[i * n + j] = this.#inverseT[j * n + i];
    this.#k = new Float64Array(n);
    this.#slopes = new Float64Array(n * D);
    this.#v = new Float64Array(n);
    this.#w = new Float64Array(n);
  }

  /**
   * Conditions on `data`; undefined when the covariance cannot be factorised. `outputs` are the scenarios (default: `data.y`);
   * `mean` fixes the constant mean, which is otherwise the generalised least squares estimate of the first scenario.
   */
  static create(
    data: GpData,
    hyper: GpHyper,
    outputs: readonly Float64Array[] = [data.y],
    mean?: number,
  ): GpModel | undefined {
    const L = new Float64Array(data.n * data.n);
    if (choleskyWithJitter(covarianceMatrix(data, hyper), data.n, L) === undefined) return undefined;
    const U = new Float64Array(data.n * data.n);
    invertLowerTransposed(L, data.n, data.n, U);
    return new GpModel(data, hyper, { L, U }, outputs, mean);
  }

  /**
   * The model of `data`, which begins with this model's rows: the factor grows by a row per new point, O(n^2) each. Hyper-parameters
   * and mean stay. Factorised anew where the appended rows are not positive definite without jitter.
   */
  extended(data: GpData, outputs: readonly Float64Array[]): GpModel | undefined {
    const factor = appendRows(this.#factor, this.data.n, data, this.hyper);
    if (factor === undefined) return GpModel.create(data, this.hyper, outputs, this.mean);
    return new GpModel(data, this.hyper, factor, outputs, this.mean);
  }

  /** Fills k(x) and its derivatives in the column distances. */
  #fillCovariances(x: Float64Array): void {
    if (isProduct(this.hyper.kind)) {
      this.#fillProducts(x);
      return;
    }
    const { n, columns, X } = this.data;
    const D = columns.length;
    const isRbf = this.hyper.kind === 'rbf';
    const { weights, signal, share } = this.#natural;
    const [k, slopes] = [this.#k, this.#slopes];
    const termWeight = (signal * share) / D;
    const jointWeight = signal * (1 - share);
    for (let i = 0; i < n; i++) {
      let squared = 0;
      let value = 0;
      for (let d = 0; d < D; d++) {
        const column = columns[d];
        let distance: number;
        if (column.kind === 'numeric' && !column.isConditional) {
          const difference = x[d] - X[i * D + d];
          distance = weights[d] * difference * difference;
        } else {
          distance = weights[d] * columnDistance(column, x[d], X[i * D + d]);
        }
        squared += distance;
        if (isRbf) {
          const term = termWeight * Math.exp(-0.5 * distance);
          value += term;
          slopes[i * D + d] = -0.5 * term;
        } else {
          const r = SQRT5 * Math.sqrt(distance);
          const decay = termWeight * Math.exp(-r);
          value += (1 + r + (r * r) / 3) * decay;
          slopes[i * D + d] = (-5 / 6) * (1 + r) * decay;
        }
      }
      let common: number;
      if (isRbf) {
        const term = jointWeight * Math.exp(-0.5 * squared);
        value += term;
        common = -0.5 * term;
      } else {
        const r = SQRT5 * Math.sqrt(squared);
        const decay = jointWeight * Math.exp(-r);
        value += (1 + r + (r * r) / 3) * decay;
        common = (-5 / 6) * (1 + r) * decay;
      }
      k[i] = value;
      for (let d = 0; d < D; d++) slopes[i * D + d] += common;
    }
  }

  /** The same for kernels that are products. */
  #fillProducts(x: Float64Array): void {
    const { n, columns, X } = this.data;
    const D = columns.length;
    const isSmooth = isSquaredExponential(this.hyper.kind);
    const { weights, signal, amplitudes, constant } = this.#natural;
    const [k, slopes] = [this.#k, this.#slopes];
    const size = signal / (1 - constant);
    for (let i = 0; i < n; i++) {
      let product = size;
      for (let d = 0; d < D; d++) {
        const amplitude = amplitudes[d];
        const distance = weights[d] * columnDistance(columns[d], x[d], X[i * D + d]);
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
        slopes[i * D + d] = slope / (1 + own);
      }
      k[i] = product - size * constant;
      for (let d = 0; d < D; d++) slopes[i * D + d] *= product;
    }
  }

  /** Predicts at `x`: fills `means` and `variance`. */
  predict(x: Float64Array): void {
    const n = this.data.n;
    this.#fillCovariances(x);
    const [k, v, inverse] = [this.#k, this.#v, this.#inverse];
    for (let s = 0; s < this.alphas.length; s++) this.means[s] = this.mean + dot(k, 0, this.alphas[s], 0, n);
    let explained = 0;
    for (let i = 0; i < n; i++) {
      v[i] = dot(inverse, i * n, k, 0, i + 1);
      explained += v[i] * v[i];
    }
    this.variance = Math.max(this.signal - explained, MIN_VARIANCE * this.signal);
  }

  /** Prior covariance of the latent function at two points, minus what the data explain (posterior covariance). */
  posteriorCovariance(points: readonly Float64Array[]): Float64Array {
    const n = this.data.n;
    const { columns } = this.data;
    const size = points.length;
    const rows = points.map((x) => {
      this.predict(x);
      return this.#v.slice();
    });
    const covariance = new Float64Array(size * size);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b <= a; b++) {
        const prior = kernelOfRows(columns, this.hyper.kind, this.#natural, points[a], points[b]);
        const value = prior - dot(rows[a], 0, rows[b], 0, n);
        covariance[a * size + b] = value;
        covariance[b * size + a] = value;
      }
    }
    return covariance;
  }

  /**
   * After `predict(x)`: adds to `gradient` the derivative in x of sum_s meanWeights_s mean_s(x) + varianceWeight * variance(x).
   * Categorical and inactive columns are left alone.
   */
  backward(x: Float64Array, meanWeights: Float64Array, varianceWeight: number, gradient: Float64Array): void {
    const { n, columns, X } = this.data;
    const D = columns.length;
    const [v, w, slopes] = [this.#v, this.#w, this.#slopes];
    const { weights } = this.#natural;
    const isFloored = this.variance <= MIN_VARIANCE * this.signal;
    const towardsVariance = isFloored ? 0 : -2 * varianceWeight;
    for (let i = 0; i < n; i++) w[i] = towardsVariance * dot(this.#inverseT, i * n + i, v, i, n - i);
    for (let s = 0; s < this.alphas.length; s++) {
      const weight = meanWeights[s];
      const alpha = this.alphas[s];
      if (weight !== 0) for (let i = 0; i < n; i++) w[i] += weight * alpha[i];
    }
    for (let d = 0; d < D; d++) {
      const column = columns[d];
      if (column.kind === 'categorical') continue;
      let sum = 0;
      if (column.isConditional) {
        for (let i = 0; i < n; i++) sum += w[i] * slopes[i * D + d] * columnSlope(column, x[d], X[i * D + d]);
      } else {
        for (let i = 0; i < n; i++) sum += w[i] * slopes[i * D + d] * 2 * (x[d] - X[i * D + d]);
      }
      gradient[d] += weights[d] * sum;
    }
  }
}
