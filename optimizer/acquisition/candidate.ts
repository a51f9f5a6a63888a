/** A point of the space in the three forms that models, searches and users need. */
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';

export interface Candidate {
  readonly params: Params;
  /** Unit cube coordinates, one per parameter. */
  readonly unit: Float64Array;
  /** Model row: the unit coordinates with NaN where a parameter is inactive. */
  readonly row: Float64Array;
}

export function toCandidate(space: SearchSpace, params: Params): Candidate {
  const unit = space.encode(params);
  const mask = space.activeMask(params);
  const row = unit.slice();
  for (let d = 0; d < row.length; d++) if (mask[d] === 0) row[d] = Number.NaN;
  return { params, unit, row };
}
