/** A point of the space in the three forms that models, searches and users need. */
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';

export interface Candidate {
  readonly params: Params;
  /** Unit cube coordinates, one per parameter. */
  readonly unit: Float64Array;
  /** The unit coordinates with NaN where a parameter is inactive: what models read. */
  readonly row: Float64Array;
}

export function toCandidate(space: SearchSpace, params: Params): Candidate {
  const unit = space.encode(params);
  const mask = space.activeMask(params);
  const row = unit.map((u, d) => (mask[d] === 0 ? Number.NaN : u));
  return { params, unit, row };
}
