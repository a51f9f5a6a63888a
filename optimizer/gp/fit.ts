/**
 * Maximum a posteriori hyper-parameters of one Gaussian process: bounded quasi-Newton from a few starts and for each kernel asked;
 * the highest posterior density wins. Larger data sets are fitted on a subset first and only polished on the rest.
 */
import { type LbfgsResult, minimizeBounded } from '../math/lbfgs.ts';
import {
  defaultPriors,
  type GpHyper,
  type HyperPriors,
  logNormalMode,
  splitHyper,
  thetaBounds,
  thetaLength,
} from './hyper-parameters.ts';
import { isSquaredExponential, type KernelKind } from './kernel.ts';
import { type GpData, MarginalLikelihood } from './marginal-likelihood.ts';

export interface FitOptions {
  readonly kinds: readonly KernelKind[];
  readonly maxIterations: number;
  readonly priors?: HyperPriors;
  /** Another start, e.g. the hyper-parameters of a similar data set. */
  readonly start?: GpHyper;
  /** Called before every evaluation; what it throws ends the fit. */
  readonly interrupt?: () => void;
}

export interface FitResult extends GpHyper {
  readonly slopes: Float64Array;
  /** Log posterior density / n; kernels and starts are compared by it. */
  readonly logDensity: number;
}

/**
 * Nats by which the squared exponential must beat the Matérn kernel. With few data it often wins by a little and then predicts with far
 * too little variance; where a function really is that smooth it wins by tens of nats.
 */
const SMOOTHNESS_HANDICAP = 4;

/** The hyper-parameters used before any fit and when every fit fails: modes of the length-scale priors, little noise. */
export function initialTheta(kind: KernelKind, D: number, priors: HyperPriors = defaultPriors(D)): Float64Array {
  const mode = logNormalMode(kind === 'anova' ? priors.ownLengthscale : priors.lengthscale);
  const theta = new Float64Array(thetaLength(kind, D)).fill(Math.log(mode));
  theta[D] = 0;
  theta[D + 1] = Math.log(1e-4);
  theta.fill(kind === 'anova' ? Math.log(logNormalMode(priors.amplitude)) : 0, D + 2);
  return theta;
}

/** Log noise variance of the start that takes outputs to be noisy, and the steps after which the two starts are compared. */
const NOISY_START = -2;
const SCREENING = 12;

/**
 * The better of two starts after a few steps: from little noise a fit explains noise by ever shorter length-scales and stays there, from
 * much noise it may take structure for noise.
 */
function lesserOf(
  D: number,
  quiet: Float64Array,
  climb: (start: Float64Array, steps: number) => LbfgsResult,
): Float64Array {
  const noisy = quiet.slice();
  noisy[D + 1] = NOISY_START;
  const [a, b] = [climb(quiet, SCREENING), climb(noisy, SCREENING)];
  return b.value < a.value ? b.x : a.x;
}

function joined(theta: Float64Array, slopes: Float64Array): Float64Array {
  return Float64Array.of(...theta, ...slopes);
}

/** Fits; never fails: the start is returned where the density cannot be evaluated at all. */
export function fitHyperParameters(data: GpData, options: FitOptions): FitResult {
  const D = data.columns.length;
  const priors = options.priors ?? defaultPriors(D);
  const { trends = [] } = data;
  const usual = new Float64Array(trends.length).fill(priors.slope.mean / Math.sqrt(Math.max(1, trends.length)));
  let best: FitResult = {
    kind: options.kinds[0],
    theta: initialTheta(options.kinds[0], D, priors),
    slopes: usual,
    logDensity: Number.NEGATIVE_INFINITY,
  };
  for (const kind of options.kinds) {
    const { lower, upper } = thetaBounds(kind, D, trends.length);
    const first = joined(initialTheta(kind, D, priors), usual);
    const likelihood = new MarginalLikelihood(data, kind, priors);
    const objective = (theta: Float64Array, gradient: Float64Array): number => {
      options.interrupt?.();
      return likelihood.evaluate(theta, gradient);
    };
    const climb = (start: Float64Array, maxIterations: number): LbfgsResult =>
      minimizeBounded(objective, start, lower, upper, {
        maxIterations,
        gradientTolerance: 1e-3,
        valueTolerance: 1e-7,
        firstStep: 0.5,
      });
    let start = options.start === undefined ? first : joined(options.start.theta, options.start.slopes ?? usual);
    if (options.start === undefined && data.knownNoise.some(Number.isNaN)) start = lesserOf(D, first, climb);
    const result = climb(start, options.maxIterations);
    const logDensity = -result.value - (isSquaredExponential(kind) ? SMOOTHNESS_HANDICAP / data.n : 0);
    if (logDensity > best.logDensity) best = { ...splitHyper(kind, D, result.x), logDensity };
  }
  return best;
}
