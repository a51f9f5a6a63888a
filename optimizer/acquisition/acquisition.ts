/** What the candidate search maximises. */
import type { GpModel } from '../gp/gp-model.ts';
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
  /** Equally likely models (hyper-parameter draws), each with the same number of scenarios. */
  readonly models: readonly GpModel[];
  /** Added to the model's mean: a prior mean in standardised units; absent = none. */
  readonly offset?: (params: Params) => number;
}

export interface KnownOutput {
  readonly kind: 'known';
  readonly value: (params: Params) => number;
}
