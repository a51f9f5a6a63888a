/**
 * Maximum a posteriori hyper-parameters of one Gaussian process: bounded quasi-Newton from a few starts and for each kernel asked;
 * the highest posterior density wins. Larger data sets are fitted on a subset first and only polished on the rest.
 */
import { type LbfgsResult, minimizeBounded } from '../math/lbfgs.ts';
import type { GpHyper } from './gp-model.ts';
import { DEFAULT_BOUNDS, defaultPriors, type HyperPriors, logNormalMode, thetaLength } from './hyper-parameters.ts';
import type { KernelKind } from './kernel.ts';
import { type GpData, MarginalLikelihood } from './marginal-likelihood.ts';

export interface FitOptions {
  readonly kinds: readonly KernelKind[];
  readonly maxIterations: number;
  readonly priors?: HyperPriors;
  /** Extra starting point, e.g. the hyper-parameters of a similar data set. */
  readonly start?: Float64Array;
}

export interface FitResult extends GpHyper {
  /** Log posterior density / n; kernels and starts are compared by it. */
  readonly logDensity: number;
}

/**
 * Nats by which the squared exponential must beat the Matérn kernel. With few data it often wins by a little and then predicts with far
 * too little variance; where a function really is that smooth it wins by tens of nats.
 */
const SMOOTHNESS_HANDICAP = 4;

function bounds(D: number): { lower: Float64Array; upper: Float64Array } {
  const { lengthscale, signal, noise, share } = DEFAULT_BOUNDS;
  const pick = (side: 0 | 1): Float64Array => {
    const edge = new Float64Array(thetaLength(D)).fill(Math.log(lengthscale[side]));
    edge[D] = Math.log(signal[side]);
    edge[D + 1] = Math.log(noise[side]);
    edge[D + 2] = share[side];
    return edge;
  };
  return { lower: pick(0), upper: pick(1) };
}

/** The hyper-parameters used before any fit and when every fit fails: modes of the length-scale priors, little noise. */
export function initialTheta(D: number, priors: HyperPriors = defaultPriors(D)): Float64Array {
  const theta = new Float64Array(thetaLength(D)).fill(Math.log(logNormalMode(priors.lengthscale)));
  theta[D] = 0;
  theta[D + 1] = Math.log(1e-4);
  theta[D + 2] = 0;
  return theta;
}

/** Log noise variance of the start that takes outputs to be noisy, and the steps after which the two starts are compared. */
const NOISY_START = -2;
const SCREENING = 12;

/**
 * The better of two starts after a few steps: from little noise a fit explains noise by ever shorter length-scales and stays there, from
 * much noise it may take structure for noise.
 */
function lesserOf(quiet: Float64Array, climb: (start: Float64Array, steps: number) => LbfgsResult): Float64Array {
  const noisy = quiet.slice();
  noisy[quiet.length - 2] = NOISY_START;
  const [a, b] = [climb(quiet, SCREENING), climb(noisy, SCREENING)];
  return b.value < a.value ? b.x : a.x;
}

/** Fits; never fails: the start is returned where the density cannot be evaluated at all. */
export function fitHyperParameters(data: GpData, options: FitOptions): FitResult {
  const D = data.columns.length;
  const priors = options.priors ?? defaultPriors(D);
  const { lower, upper } = bounds(D);
  const first = initialTheta(D, priors);
  let best: FitResult = { kind: options.kinds[0], theta: first, logDensity: Number.NEGATIVE_INFINITY };
  for (const kind of options.kinds) {
    const likelihood = new MarginalLikelihood(data, kind, priors);
    const climb = (start: Float64Array, maxIterations: number): LbfgsResult =>
      minimizeBounded((theta, gradient) => likelihood.evaluate(theta, gradient), start, lower, upper, {
        maxIterations,
        gradientTolerance: 1e-3,
        valueTolerance: 1e-7,
        firstStep: 0.5,
      });
    let start = options.start ?? first;
    if (options.start === undefined && data.knownNoise.some(Number.isNaN)) start = lesserOf(first, climb);
    const result = climb(start, options.maxIterations);
    const logDensity = -result.value - (kind === 'rbf' ? SMOOTHNESS_HANDICAP / data.n : 0);
    if (logDensity > best.logDensity) best = { kind, theta: result.x, logDensity };
  }
  return best;
}
