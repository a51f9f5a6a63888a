/**
 * Hyper-parameters of one Gaussian process and their priors, as a vector of logarithms:
 * theta = [log lengthscale_1 … log lengthscale_D, log signal variance, log noise variance, rest] for standardised outputs (kernel.ts),
 * where the rest is one number, the larger the more additive: the logit of the additive share, or of the subsets kernels the logarithm of
 * how far the amplitude is below its prior median; with 'anova' D logarithms of amplitudes.
 * Length-scales: log-normal, scaled with the dimension (Hvarfner, Hellsten, Nardi 2024, "Vanilla Bayesian optimization performs
 * great in high dimensions"): mu = sqrt(2) + ln(D)/2, sigma = sqrt(3). The density is that of the natural parameter.
 */

export type KernelKind = 'matern52' | 'rbf' | 'subsets52' | 'subsetsRbf' | 'anova';

/** Kernels that are products over columns; the others are sums of a joint and an additive part. */
export const isProduct = (kind: KernelKind): boolean => kind !== 'matern52' && kind !== 'rbf';

/** What a fit finds. */
export interface GpHyper {
  readonly kind: KernelKind;
  readonly theta: Float64Array;
  /** Along the trends of the data, where it has any. */
  readonly slopes?: Float64Array;
}

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
  /** The same of the logarithm of the amplitude of the subsets kernels. */
  readonly subsetsDeviation: number;
  /** Of the amplitudes of 'anova'. */
  readonly amplitude: LogNormal;
  /** Length-scales of 'anova': a column's relevance is in its amplitude, so that they do not grow with D. */
  readonly ownLengthscale: LogNormal;
  /** Of the slopes along trends (normal), the mean shared out over all of them. */
  readonly slope: { readonly mean: number; readonly deviation: number };
}

/** Bounds of the natural parameters. */
export interface HyperBounds {
  readonly lengthscale: readonly [number, number];
  readonly signal: readonly [number, number];
  readonly noise: readonly [number, number];
  /** Of the logit. */
  readonly share: readonly [number, number];
  readonly amplitude: readonly [number, number];
  readonly slope: readonly [number, number];
}

export const DEFAULT_BOUNDS: HyperBounds = {
  lengthscale: [0.025, 1e3],
  signal: [0.01, 1e3],
  noise: [1e-8, 1],
  share: [-6, 6],
  amplitude: [2.5e-3, 400],
  slope: [0, 3],
};

/** The priors for D columns. */
export function defaultPriors(D: number): HyperPriors {
  return {
    lengthscale: { mu: Math.SQRT2 + 0.5 * Math.log(Math.max(1, D)), sigma: Math.sqrt(3) },
    signal: { mu: 0, sigma: 1.5 },
    noise: { mu: -5, sigma: 2.5 },
    shareDeviation: 1.5,
    subsetsDeviation: 2,
    amplitude: { mu: -1.5 + 2.25, sigma: 1.5 },
    ownLengthscale: { mu: Math.SQRT2 - 0.5, sigma: Math.sqrt(3) },
    slope: { mean: 0.8, deviation: 0.5 },
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
export function thetaLength(kind: KernelKind, D: number): number {
  return kind === 'anova' ? 2 * D + 2 : D + 3;
}

/** Theta and the slopes that follow it. */
export function splitHyper(kind: KernelKind, D: number, parameters: Float64Array) {
  const length = thetaLength(kind, D);
  return { kind, theta: parameters.slice(0, length), slopes: parameters.slice(length) };
}

/** Prior median of the amplitude of the subsets kernels: an effect involves between one and two of the D columns on average. */
function usualAmplitude(D: number): number {
  return 1 / Math.max(1, D - 1);
}

/** Natural parameters of a theta. */
export interface NaturalHyper {
  /** 1 / lengthscale^2 per column. */
  readonly weights: Float64Array;
  readonly signal: number;
  readonly noise: number;
  /** Of the additive part; 0 for products. */
  readonly share: number;
  /** Weight of each column's own kernel beside 1 in products; empty for the other kernels. */
  readonly amplitudes: Float64Array;
  /** Part of the product that is constant and left out; 0 for 'anova', which keeps it. */
  readonly constant: number;
}

/** Amplitudes of a product kernel, D. */
function amplitudesOf(kind: KernelKind, theta: Float64Array, D: number): Float64Array {
  if (kind === 'anova') return theta.slice(D + 2).map(Math.exp);
  return new Float64Array(D).fill(usualAmplitude(D) * Math.exp(-theta[D + 2]));
}

export function naturalHyper(kind: KernelKind, theta: Float64Array): NaturalHyper {
  const D = kind === 'anova' ? theta.length / 2 - 1 : theta.length - 3;
  const amplitudes = isProduct(kind) ? amplitudesOf(kind, theta, D) : new Float64Array(0);
  const isCentred = isProduct(kind) && kind !== 'anova';
  return {
    weights: theta.slice(0, D).map((t) => Math.exp(-2 * t)),
    signal: Math.exp(theta[D]),
    noise: Math.exp(theta[D + 1]),
    share: isProduct(kind) ? 0 : 1 / (1 + Math.exp(-theta[D + 2])),
    amplitudes,
    constant: isCentred ? Math.exp(-D * Math.log1p(amplitudes[0])) : 0,
  };
}

/** Bounds of theta, followed by those of the slopes along `trends` trends. */
export function thetaBounds(kind: KernelKind, D: number, trends = 0): { lower: Float64Array; upper: Float64Array } {
  const { lengthscale, signal, noise, share, amplitude, slope } = DEFAULT_BOUNDS;
  const length = thetaLength(kind, D);
  const pick = (side: 0 | 1): Float64Array => {
    const edge = new Float64Array(length + trends).fill(Math.log(lengthscale[side]));
    edge.fill(slope[side], length);
    edge[D] = Math.log(signal[side]);
    edge[D + 1] = Math.log(noise[side]);
    if (kind === 'anova') edge.fill(Math.log(amplitude[side]), D + 2, length);
    else edge[D + 2] = share[side];
    return edge;
  };
  return { lower: pick(0), upper: pick(1) };
}
