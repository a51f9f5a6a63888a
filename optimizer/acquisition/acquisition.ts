/** What the candidate search maximises. */
import type { GpModel } from '../gp/gp-model.ts';
import type { GpData } from '../gp/marginal-likelihood.ts';
import type { Params } from '../space/parameter.ts';
import type { Candidate } from './candidate.ts';

export interface Acquisition {
  /**
   * Logarithm of the acquisition value, up to a constant (larger is better, -Infinity allowed). When `gradient` is given (length D) it is
   * overwritten with the derivatives in the unit coordinates of the active numeric parameters.
   */
  evaluate(candidate: Candidate, gradient?: Float64Array): number;
}

/** A scalar output of a trial as an acquisition sees it, in standardised units, smaller is better. */
export type OutputModel = ModelledOutput | KnownOutput;

export interface ModelledOutput {
  readonly kind: 'modelled';
  readonly model: GpModel;
  /** Added to the model's mean: a prior mean in standardised units; absent = none. */
  readonly offset?: (params: Params) => number;
  /** Power of the probability that this constraint holds (default 1): above 1 less is risked for the same gain. */
  readonly strictness?: number;
  /** How to draw its hyper-parameters anew, where the mean depends on them: the data with trends, and the offset for other slopes. */
  readonly trended?: {
    readonly data: GpData;
    readonly offset: (slopes: Float64Array) => (params: Params) => number;
  };
}

export interface KnownOutput {
  readonly kind: 'known';
  readonly value: (params: Params) => number;
}

/** What a point is worth in one scenario, from independent normal predictions of the objectives. */
export interface ScenarioGain {
  /**
   * Log gain for means `mu` and standard deviations `sigma` (0 = exact), one per objective. Writes the derivatives when asked.
   * -Infinity when no gain is possible.
   */
  evaluate(mu: Float64Array, sigma: Float64Array, dMu?: Float64Array, dSigma?: Float64Array): number;
}
