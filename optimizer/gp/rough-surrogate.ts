/**
 * A second reading of exact values: a smooth trend with unresolved ripples on it. Where a function has more local minima than there are
 * trials, a model that passes through every value must shorten its length-scales until it knows nothing beside its points, and the search
 * stays where it is. With a nugget for the ripples it sees the trend (Gramacy & Lee 2012, "Cases for the nugget in modeling computer
 * experiments").
 */
import type { FitOptions } from './fit.ts';
import { type OutputData, Surrogate } from './surrogate.ts';

/** A length-scale below this, of one of the parameters, is what ripples look like; unit coordinates. */
const SHORT = 0.25;
/** Nugget variance, relative to that of the outputs, below which there is nothing to smooth over. */
const SMALLEST_NUGGET = 1e-3;

/** The second reading where it explains the values of `exact` better than the first; undefined elsewhere. */
export function roughSurrogate(output: OutputData, exact: Surrogate, options: FitOptions): Surrogate | undefined {
  const lengthscales = exact.model.hyper.theta.subarray(0, output.columns.length);
  const isRipple = lengthscales.some((t) => t < Math.log(SHORT));
  if (!isRipple || !output.errors.every((error) => error === 0)) return undefined;
  const errors = output.errors.map(() => Number.NaN);
  const rough = Surrogate.fitBest({ ...output, errors }, [exact.transform], options);
  if (rough === undefined || rough.model.noise < SMALLEST_NUGGET) return undefined;
  return rough.logEvidence > exact.logEvidence ? rough : undefined;
}
