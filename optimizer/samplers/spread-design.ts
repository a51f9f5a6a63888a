/**
 * Initial points where metrics are known: each next point is, of many allowed quasi-random ones, the one farthest from all earlier points
 * in parameters and known metrics together. Plain space filling rarely meets the smallest and fastest designs, and a
 * model that has never seen them expects too much of them.
 */
import { type ModelSpace, toCandidate } from '../acquisition/candidate.ts';
import { columnDistance, type KernelColumn } from '../gp/kernel.ts';
import { createRng } from '../math/rng.ts';
import { createSobol } from '../math/sobol.ts';
import type { Params } from '../space/parameter.ts';
import { FreshCells } from './fresh-cells.ts';
import type { Observations, SamplerProblem } from './sampler.ts';

/** Points looked at per initial point. */
const POOL = 256;

/** The next initial point, or undefined when no fresh point was met. */
export function spreadPoint(
  problem: SamplerProblem,
  model: ModelSpace,
  columns: readonly KernelColumn[],
  observations: Observations,
  seed: number,
): Params | undefined {
  const D = problem.space.dimensions.length;
  const sequence = createSobol(D, createRng(seed, 0, 'sobol scramble'));
  const fresh = new FreshCells(problem, observations);
  const earlier = observations.map((trial) => toCandidate(model, trial.params).row);
  let best: Params | undefined;
  let bestDistance = -1;
  for (let i = 0; i < POOL; i++) {
    const params = problem.space.decode(sequence.point(observations.length * POOL + i));
    if (!fresh.isFresh(params)) continue;
    const { row } = toCandidate(model, params);
    let nearest = Number.POSITIVE_INFINITY;
    for (const other of earlier) nearest = Math.min(nearest, distance(columns, D, row, other));
    if (nearest > bestDistance) {
      best = params;
      bestDistance = nearest;
      if (nearest === Number.POSITIVE_INFINITY) break;
    }
  }
  return best;
}

/** Mean squared distance over the parameters plus that over the features. */
function distance(columns: readonly KernelColumn[], D: number, a: Float64Array, b: Float64Array): number {
  let parameters = 0;
  let features = 0;
  for (let d = 0; d < columns.length; d++) {
    const squared = columnDistance(columns[d], a[d], b[d]);
    if (d < D) parameters += squared;
    else features += squared;
  }
  return parameters / D + features / Math.max(1, columns.length - D);
}
