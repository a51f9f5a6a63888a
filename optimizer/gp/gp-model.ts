/**
 * Exact Gaussian process posterior (Rasmussen & Williams 2006, algorithm 2.1) for S output vectors that share inputs and
 * noise ("scenarios": one for plain data, several when latent values at some points are sampled), with reverse-mode gradients.
 * Latent function, standardised units: mean_s(x) = mean + k(x)^T alpha_s, variance v(x) = signal - |L^-1 k(x)|^2.
 */
import { choleskyWithJitter } from '../linalg/cholesky.ts';
import { dot, invertLowerTransposed, solveLower, solveLowerTransposed } from '../linalg/triangular.ts';
import type { KernelKind } from './kernel.ts';
import { columnDistance, columnSlope, kernelSlope, kernelValue } from './kernel.ts';
import type { GpData } from './marginal-likelihood.ts';

/** Variance below which a prediction is not trusted, relative to the signal variance (rounding in |L^-1 k|^2). */
const MIN_VARIANCE = 1e-12;

export interface GpHyper {
  readonly kind: KernelKind;
  /** See hyper-parameters.ts. */
  readonly theta: Float64Array;
}

/** K + noise of `data` (lower triangle, n x n). */
function covarianceMatrix(data: GpData, hyper: GpHyper): Float64Array {
  const { n, columns, X, knownNoise } = data;
  const D = columns.length;
  const weights = hyper.theta.slice(0, D).map((t) => Math.exp(-2 * t));
  const signal = Math.exp(hyper.theta[D]);
  const noise = Math.exp(hyper.theta[D + 1]);
  const K = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let squared = 0;
      for (let d = 0; d < D; d++) squared += weights[d] * columnDistance(columns[d], X[i * D + d], X[j * D + d]);
      K[i * n + j] = signal * kernelValue(hyper.kind, squared);
    }
    K[i * n + i] = signal + (Number.isNaN(knownNoise[i]) ? noise : knownNoise[i]);
  }
  return K;
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
  readonly #weights: Float64Array;
  /** L^-1 (row-major lower) and its transpose: one product each way costs n^2/2. */
  readonly #inverse: Float64Array;
  readonly #inverseT: Float64Array;
  readonly #k: Float64Array;
  readonly #squared: Float64Array;
  readonly #v: Float64Array;
  readonly #w: Float64Array;

  private constructor(data: GpData, hyper: GpHyper, L: Float64Array, outputs: readonly Float64Array[], mean?: number) {
    const { n, columns } = data;
    const D = columns.length;
    this.data = data;
    this.hyper = hyper;
    this.#weights = hyper.theta.slice(0, D).map((t) => Math.exp(-2 * t));
    this.signal = Math.exp(hyper.theta[D]);
    this.noise = Math.exp(hyper.theta[D + 1]);
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
    this.#inverseT = new Float64Array(n * n);
    this.#inverse = new Float64Array(n * n);
    invertLowerTransposed(L, n, n, this.#inverseT);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) this.#inverse[i * n + j] = this.#inverseT[j * n + i];
    this.#k = new Float64Array(n);
    this.#squared = new Float64Array(n);
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
    return new GpModel(data, hyper, L, outputs, mean);
  }

  /** Fills k(x), times the signal variance, and r^2. */
  #fillCovariances(x: Float64Array): void {
    const { n, columns, X } = this.data;
    const D = columns.length;
    const { kind } = this.hyper;
    const [weights, k, squaredOut, signal] = [this.#weights, this.#k, this.#squared, this.signal];
    for (let i = 0; i < n; i++) {
      let squared = 0;
      for (let d = 0; d < D; d++) {
        const column = columns[d];
        if (column.kind === 'numeric' && !column.isConditional) {
          const difference = x[d] - X[i * D + d];
          squared += weights[d] * difference * difference;
        } else {
          squared += weights[d] * columnDistance(column, x[d], X[i * D + d]);
        }
      }
      squaredOut[i] = squared;
      k[i] = signal * kernelValue(kind, squared);
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
        let squared = 0;
        for (let d = 0; d < columns.length; d++) {
          squared += this.#weights[d] * columnDistance(columns[d], points[a][d], points[b][d]);
        }
        const value = this.signal * kernelValue(this.hyper.kind, squared) - dot(rows[a], 0, rows[b], 0, n);
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
    const [v, w, squared, weights] = [this.#v, this.#w, this.#squared, this.#weights];
    const isFloored = this.variance <= MIN_VARIANCE * this.signal;
    const towardsVariance = isFloored ? 0 : -2 * varianceWeight;
    for (let i = 0; i < n; i++) w[i] = towardsVariance * dot(this.#inverseT, i * n + i, v, i, n - i);
    for (let s = 0; s < this.alphas.length; s++) {
      const weight = meanWeights[s];
      const alpha = this.alphas[s];
      if (weight !== 0) for (let i = 0; i < n; i++) w[i] += weight * alpha[i];
    }
    for (let i = 0; i < n; i++) w[i] *= this.signal * kernelSlope(this.hyper.kind, squared[i]);
    for (let d = 0; d < D; d++) {
      const column = columns[d];
      if (column.kind === 'categorical') continue;
      let sum = 0;
      if (column.isConditional) for (let i = 0; i < n; i++) sum += w[i] * columnSlope(column, x[d], X[i * D + d]);
      else for (let i = 0; i < n; i++) sum += w[i] * 2 * (x[d] - X[i * D + d]);
      gradient[d] += weights[d] * sum;
    }
  }
}
