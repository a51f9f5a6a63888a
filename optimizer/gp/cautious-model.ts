/**
 * The same data under a model that extrapolates less: length-scales are a fraction of the fitted ones. Maximum a posteriori length-scales
 * are too long where few data, or data crowded in one place, look smoother than the function is.
 */
import { GpModel } from './gp-model.ts';

/** Factor on the length-scales. */
const SHORTER = 0.5;

export interface Caution {
  /** Length-scale that none exceeds, unit coordinates. */
  readonly longest?: number;
  /** Largest additivity (the last entry of theta); with 'anova' the smallest log amplitude is its negative. */
  readonly mostAdditive?: number;
  /** What is expected far from all data, standardised; absent = what the data suggest. */
  readonly mean?: number;
}

/** `model` with shorter length-scales; `model` itself where that cannot be factorised. */
export function cautiousModel(model: GpModel, caution: Caution): GpModel {
  const { longest = Number.POSITIVE_INFINITY, mostAdditive = Number.POSITIVE_INFINITY } = caution;
  const { data, hyper } = model;
  const D = data.columns.length;
  const theta = hyper.theta.map((t, d) => (d < D ? Math.min(t + Math.log(SHORTER), Math.log(longest)) : t));
  if (hyper.kind !== 'anova') theta[D + 2] = Math.min(theta[D + 2], mostAdditive);
  else for (let d = D + 2; d < theta.length; d++) theta[d] = Math.max(theta[d], -mostAdditive);
  return GpModel.create(data, { kind: hyper.kind, theta }, [data.y], caution.mean) ?? model;
}
