/**
 * Draws from the posterior of the hyper-parameters of one Gaussian process, by Hamiltonian Monte Carlo in their logarithms (Neal 2011, "MCMC
 * using Hamiltonian dynamics"): leapfrog steps along the gradient of the log posterior, accepted by Metropolis' rule; the bounds of the
 * fit reflect. Few data leave open what a single best fit decides: which parameters matter, and how smooth an output is.
 */
import type { Rng } from '../math/rng.ts';
import { defaultPriors, type GpHyper, thetaBounds, thetaLength } from './hyper-parameters.ts';
import { type GpData, MarginalLikelihood } from './marginal-likelihood.ts';

export interface DrawEffort {
  readonly draws: number;
  /** Trajectories before the first draw, during which the step is adapted. */
  readonly warmUp: number;
  /** Trajectories per draw. */
  readonly between: number;
}

/** Leapfrog steps per trajectory, the first step size and the largest one. */
const LEAPS = 6;
const FIRST_STEP = 0.2;
const LARGEST_STEP = 0.6;

interface Position {
  readonly theta: Float64Array;
  /** Log density of `theta` and its gradient. */
  readonly logDensity: number;
  readonly slope: Float64Array;
}

class Posterior {
  readonly #likelihood: MarginalLikelihood;
  readonly #n: number;
  readonly #scaled: number;
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;

  constructor(data: GpData, kind: GpHyper['kind']) {
    const D = data.columns.length;
    const { lower, upper } = thetaBounds(kind, D, data.trends?.length);
    this.#likelihood = new MarginalLikelihood(data, kind, defaultPriors(D));
    this.#n = data.n;
    // All but the additivity and slopes are logarithms of parameters whose priors are densities of the natural values.
    this.#scaled = kind === 'anova' ? thetaLength(kind, D) : D + 2;
    this.#lower = lower;
    this.#upper = upper;
  }

  at(theta: Float64Array): Position {
    const slope = new Float64Array(theta.length);
    if (theta.some((t, i) => !(t >= this.#lower[i] && t <= this.#upper[i])))
      return { theta, logDensity: Number.NEGATIVE_INFINITY, slope };
    let logDensity = -this.#n * this.#likelihood.evaluate(theta, slope);
    for (let i = 0; i < slope.length; i++) {
      const isScaled = i < this.#scaled;
      slope[i] = -this.#n * slope[i] + (isScaled ? 1 : 0);
      if (isScaled) logDensity += theta[i];
    }
    return { theta, logDensity, slope };
  }

  /** One trajectory of leapfrog steps; `momentum` ends as at its end. */
  travel(from: Position, momentum: Float64Array, step: number): Position {
    let here = from;
    for (let leap = 0; leap < LEAPS && here.logDensity > Number.NEGATIVE_INFINITY; leap++) {
      const theta = here.theta.slice();
      for (let i = 0; i < theta.length; i++) {
        momentum[i] += 0.5 * step * here.slope[i];
        theta[i] += step * momentum[i];
        const wall = theta[i] < this.#lower[i] ? this.#lower[i] : this.#upper[i];
        if (theta[i] < this.#lower[i] || theta[i] > this.#upper[i]) {
          theta[i] = 2 * wall - theta[i];
          momentum[i] = -momentum[i];
        }
      }
      here = this.at(theta);
      for (let i = 0; i < theta.length; i++) momentum[i] += 0.5 * step * here.slope[i];
    }
    return here;
  }
}

function energy(momentum: Float64Array): number {
  let sum = 0;
  for (const p of momentum) sum += 0.5 * p * p;
  return sum;
}

/**
 * Draws of theta and slopes (`splitHyper`), starting from the fitted `hyper`; none where the density cannot be evaluated there. `interrupt` is called before every
 * trajectory; what it throws ends the drawing.
 */
export function drawHyperParameters(
  data: GpData,
  hyper: GpHyper,
  { draws, warmUp, between }: DrawEffort,
  rng: Rng,
  interrupt?: () => void,
): Float64Array[] {
  const posterior = new Posterior(data, hyper.kind);
  const found: Float64Array[] = [];
  const start = Float64Array.of(...hyper.theta, ...(hyper.slopes ?? []));
  let here = posterior.at(start);
  if (!Number.isFinite(here.logDensity)) return found;
  let step = FIRST_STEP;
  for (let round = 1; found.length < draws; round++) {
    interrupt?.();
    const momentum = Float64Array.from(start, () => rng.nextNormal());
    const before = here.logDensity - energy(momentum);
    // A varying length keeps trajectories from closing on themselves.
    const next = posterior.travel(here, momentum, step * (0.8 + 0.4 * rng.nextFloat()));
    const change = next.logDensity - energy(momentum) - before;
    const isAccepted = Math.log(Math.max(1e-300, rng.nextFloat())) < change;
    if (isAccepted) here = next;
    if (round <= warmUp) step = Math.min(LARGEST_STEP, step * (isAccepted ? 1.15 : 0.6));
    else if ((round - warmUp) % between === 0) found.push(here.theta);
  }
  return found;
}
