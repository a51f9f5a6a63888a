/**
 * Maximum a posteriori hyper-parameters of one Gaussian process: bounded quasi-Newton from a few starts and for each kernel asked;
 * the highest posterior density wins. Larger data sets are fitted on a subset first and only polished on the rest.
 */
import { minimizeBounded } from '../math/lbfgs.ts';
import type { GpHyper } from './gp-model.ts';
import { DEFAULT_BOUNDS, defaultPriors, type HyperPriors, logNormalMode } from './hyper-parameters.ts';
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

function bounds(D: number): { lower: Float64Array; upper: Float64Array } {
  const lower = new Float64Array(D + 2);
  const upper = new Float64Array(D + 2);
  for (let d = 0; d < D + 2; d++) {
    const [low, high] = d < D ? DEFAULT_BOUNDS.lengthscale : d === D ? DEFAULT_BOUNDS.signal : DEFAULT_BOUNDS.noise;
    lower[d] = Math.log(low);
    upper[d] = Math.log(high);
  }
  return { lower, upper };
}

/** The hyper-parameters used before any fit and when every fit fails: modes of the length-scale priors, little noise. */
export function initialTheta(D: number, priors: HyperPriors = defaultPriors(D)): Float64Array {
  const theta = new Float64Array(D + 2).fill(Math.log(logNormalMode(priors.lengthscale)));
  theta[D] = 0;
  theta[D + 1] = Math.log(1e-4);
  return theta;
}

/** Fits; never fails: the start is returned where the density cannot be evaluated at all. */
export function fitHyperParameters(data: GpData, options: FitOptions): FitResult {
  const D = data.columns.length;
  const priors = options.priors ?? defaultPriors(D);
  const { lower, upper } = bounds(D);
  const first = initialTheta(D, priors);
  const starts = options.start === undefined ? [first] : [options.start];
  let best: FitResult = { kind: options.kinds[0], theta: first, logDensity: Number.NEGATIVE_INFINITY };
  for (const kind of options.kinds) {
    const likelihood = new MarginalLikelihood(data, kind, priors);
    for (const start of starts) {
      const result = minimizeBounded((theta, gradient) => likelihood.evaluate(theta, gradient), start, lower, upper, {
        maxIterations: options.maxIterations,
        gradientTolerance: 1e-3,
        valueTolerance: 1e-7,
        firstStep: 0.5,
      });
      if (-result.value > best.logDensity) best = { kind, theta: result.x, logDensity: -result.value };
    }
  }
  return best;
}
