/**
 * Expected hypervolume improvement where boxes are too many: the volume that a front dominates is what it covers of lines from the reference
 * point r into the space of better values (Deng & Zhang 2019, "Approximating hypervolume and hypervolume contributions using polar
 * coordinate"; Zhang & Golovin 2020, "Random hypervolume scalarizations"),
 *   volume = c_m E_lambda[max_y t_lambda(y)^m],   t_lambda(y) = min_j (r_j - y_j) / (range_j lambda_j),   lambda uniform on the positive part
 * of the unit sphere. The gain is log mean_lambda E[((b + (t - b)+)^m - b^m], b what the front covers of the line, over fixed normal draws
 * of the objectives' models; the positive part is smooth with a heavy tail, so that the gradient never vanishes.
 */
import type { ScenarioGain } from './acquisition.ts';
import { fatPlus } from './fat-plus.ts';
import type { Marginal } from './marginal.ts';

/** Base samples of an expectation, shared by all points that are compared. */
export interface LineSamples {
  /** Directions, lines x m; positive, of length 1. */
  readonly directions: Float64Array;
  /** Normal draws, lines x draws x m. */
  readonly z: Float64Array;
}

/** Width of the smooth positive part, in ranges. */
const WIDTH = 1e-3;

export class LogLineVolume implements ScenarioGain {
  readonly #marginals: readonly Marginal[];
  readonly #reference: readonly number[];
  readonly #z: Float64Array;
  /** 1 / (range_j lambda_j), lines x m. */
  readonly #inverse: Float64Array;
  /** How far the front covers each line; 0 where it does not. */
  readonly #covered: Float64Array;
  readonly #draws: number;

  /** `front`, `reference` and `range` in the objectives' own units, m each. */
  constructor(
    marginals: readonly Marginal[],
    front: readonly ArrayLike<number>[],
    reference: readonly number[],
    range: ArrayLike<number>,
    { directions, z }: LineSamples,
  ) {
    const m = marginals.length;
    const lines = directions.length / m;
    this.#marginals = marginals;
    this.#reference = reference;
    this.#z = z;
    this.#draws = z.length / directions.length;
    this.#inverse = directions.map((lambda, at) => 1 / (range[at % m] * lambda));
    this.#covered = new Float64Array(lines);
    for (const f of front) {
      for (let line = 0; line < lines; line++) {
        let t = Number.POSITIVE_INFINITY;
        for (let j = 0; j < m; j++) t = Math.min(t, (reference[j] - f[j]) * this.#inverse[line * m + j]);
        this.#covered[line] = Math.max(this.#covered[line], t);
      }
    }
  }

  evaluate(mu: Float64Array, sigma: Float64Array, dMu?: Float64Array, dSigma?: Float64Array): number {
    const m = mu.length;
    const [z, inverse, covered, draws] = [this.#z, this.#inverse, this.#covered, this.#draws];
    dMu?.fill(0);
    dSigma?.fill(0);
    let total = 0;
    for (let line = 0, at = 0; line < covered.length; line++) {
      const b = covered[line];
      for (let s = 0; s < draws; s++, at += m) {
        let t = Number.POSITIVE_INFINITY;
        let nearest = 0;
        for (let j = 0; j < m; j++) {
          const beyond = (this.#reference[j] - this.#value(j, mu[j] + sigma[j] * z[at + j])) * inverse[line * m + j];
          if (beyond >= t) continue;
          t = beyond;
          nearest = j;
        }
        const { value, slope } = fatPlus(t - b, WIDTH);
        const reached = b + value;
        // A difference of powers that are nearly equal has no digits left.
        total += value < 1e-3 * b ? b ** m * Math.expm1(m * Math.log1p(value / b)) : reached ** m - b ** m;
        if (dMu === undefined || dSigma === undefined) continue;
        const y = mu[nearest] + sigma[nearest] * z[at + nearest];
        const steep = -m * reached ** (m - 1) * slope * inverse[line * m + nearest] * this.#slope(nearest, y);
        dMu[nearest] += steep;
        dSigma[nearest] += steep * z[at + nearest];
      }
    }
    for (let j = 0; j < m && dMu !== undefined && dSigma !== undefined; j++) {
      dMu[j] /= total;
      dSigma[j] /= total;
    }
    return Math.log(total / (covered.length * draws));
  }

  /** The objective's own value of a standardised one. */
  #value(j: number, y: number): number {
    const { kind, location, scale, shift } = this.#marginals[j];
    const inner = location + scale * y;
    return kind === 'linear' ? inner : shift + Math.exp(inner);
  }

  #slope(j: number, y: number): number {
    const { kind, location, scale } = this.#marginals[j];
    return kind === 'linear' ? scale : scale * Math.exp(location + scale * y);
  }
}
