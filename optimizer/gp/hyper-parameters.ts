/**
 * Hyper-parameters of one Gaussian process and their priors, as a vector of logarithms:
 * theta = [log lengthscale_1 … log lengthscale_D, log signal variance, log noise variance, logit additive share] for standardised
 * outputs (kernel.ts).
 * Length-scales: log-normal, scaled with the dimension (Hvarfner, Hellsten, Nardi 2024, "Vanilla Bayesian optimization performs
 * great in high dimensions"): mu = sqrt(2) + ln(D)/2, sigma = sqrt(3). The density is that of the natural parameter.
 */

export interface LogNormal {
  readonly mu: number;
  readonly sigma: number;
}

export interface HyperPriors {
  readonly lengthscale: LogNormal;
  readonly signal: LogNormal;
  readonly noise: LogNormal;
  /** Standard deviation of the logit of the additive share (normal around 0). */
  readonly shareDeviation: number;
}

/** Bounds of the natural parameters. */
export interface HyperBounds {
  readonly lengthscale: readonly [number, number];
  readonly signal: readonly [number, number];
  readonly noise: readonly [number, number];
  /** Of the logit. */
  readonly share: readonly [number, number];
}

export const DEFAULT_BOUNDS: HyperBounds = {
  lengthscale: [0.025, 1e3],
  signal: [0.01, 1e3],
  noise: [1e-8, 1],
  share: [-6, 6],
};

/** The priors for D columns. */
export function defaultPriors(D: number): HyperPriors {
  return {
    lengthscale: { mu: Math.SQRT2 + 0.5 * Math.log(Math.max(1, D)), sigma: Math.sqrt(3) },
    signal: { mu: 0, sigma: 1.5 },
    noise: { mu: -5, sigma: 2.5 },
    shareDeviation: 1.5,
  };
}

/** Mode of the density of the natural parameter. */
export function logNormalMode(prior: LogNormal): number {
  return Math.exp(prior.mu - prior.sigma * prior.sigma);
}

/** Log density at exp(t), up to a constant, as a function of t. */
export function logNormalDensity(prior: LogNormal, t: number): number {
  const z = (t - prior.mu) / prior.sigma;
  return -t - 0.5 * z * z;
}

/** Derivative of {@link logNormalDensity} with respect to t. */
export function logNormalSlope(prior: LogNormal, t: number): number {
  return -1 - (t - prior.mu) / (prior.sigma * prior.sigma);
}

/** Number of hyper-parameters for D columns. */
export function thetaLength(D: number): number {
  return D + 3;
}

/** Natural parameters of a theta. */
export interface NaturalHyper {
  /** 1 / lengthscale^2 per column. */
  readonly weights: Float64Array;
  readonly signal: number;
  readonly noise: number;
  readonly share: number;
}

export function naturalHyper(theta: Float64Array): NaturalHyper {
  const D = theta.length - 3;
  return {
    weights: theta.slice(0, D).map((t) => Math.exp(-2 * t)),
    signal: Math.exp(theta[D]),
    noise: Math.exp(theta[D + 1]),
    share: 1 / (1 + Math.exp(-theta[D + 2])),
  };
}
