/**
 * A point of the space in the three forms that models, searches and users need. A model row has one column per parameter and then one
 * per feature: numbers derived from the params without evaluation (known metrics), which often explain an output better than the
 * parameters do.
 */
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';

export interface Candidate {
  readonly params: Params;
  /** Unit cube coordinates, one per parameter. */
  readonly unit: Float64Array;
  /** The unit coordinates with NaN where a parameter is inactive, then the features. */
  readonly row: Float64Array;
}

/** Derived columns, roughly in [0, 1]. */
export interface Features {
  readonly count: number;
  of(params: Params): Float64Array;
}

/** A space and its features: what makes a candidate. */
export interface ModelSpace {
  readonly space: SearchSpace;
  readonly features: Features;
}

export function toCandidate({ space, features }: ModelSpace, params: Params): Candidate {
  const unit = space.encode(params);
  const mask = space.activeMask(params);
  const row = new Float64Array(unit.length + features.count);
  for (let d = 0; d < unit.length; d++) row[d] = mask[d] === 0 ? Number.NaN : unit[d];
  if (features.count > 0) row.set(features.of(params), unit.length);
  return { params, unit, row };
}
