/**
 * Predictions of each observation from all the others, without refitting: with K the noisy covariance, the prediction of y_i has mean
 * y_i − α_i/(K⁻¹)_ii and variance 1/(K⁻¹)_ii (Rasmussen & Williams 2006, equations 5.10–5.12; hyper-parameters and mean as fitted).
 */
import { GpModel } from './gp-model.ts';

export interface LeaveOneOut {
  /** n, in the model's units. */
  readonly means: Float64Array;
  /** n, noise included. */
  readonly variances: Float64Array;
}

/** Undefined when the covariance cannot be factorised. */
export function leaveOneOut(model: GpModel): LeaveOneOut | undefined {
  const { data, hyper, alphas } = model;
  // Scenario i observes the i-th unit vector, so its weights are column i of K⁻¹.
  const units = Array.from({ length: data.n }, (_, i) =>
    Float64Array.from({ length: data.n }, (_, k) => Number(k === i)),
  );
  const inverse = GpModel.create(data, hyper, units, 0);
  if (inverse === undefined) return undefined;
  const precisions = Float64Array.from(inverse.alphas, (column, i) => column[i]);
  return {
    means: data.y.map((y, i) => y - alphas[0][i] / precisions[i]),
    variances: precisions.map((precision) => 1 / precision),
  };
}
