/** Hypervolume improvement along lines: what a point is worth where objectives are too many for boxes. */
import { LogLineVolume } from '../acquisition/log-line-volume.ts';
import { maximizeAcquisition } from '../acquisition/maximize.ts';
import type { Rng } from '../math/rng.ts';
import type { Point } from '../pareto/dominance.ts';
import type { BayesianStrategy } from './bayesian.ts';
import type { FittedStudy } from './fit-study.ts';

/** Lines of one suggestion, and draws per line, shared out over the scenarios. */
const LINES = 64;
const DRAWS = 4;

/** Directions uniform on the positive part of the unit sphere, lines x m. */
export function lineDirections(lines: number, m: number, rng: Rng): Float64Array {
  const all = new Float64Array(lines * m);
  for (let line = 0; line < lines; line++) {
    const one = Float64Array.from({ length: m }, () => Math.max(1e-6, Math.abs(rng.nextNormal())));
    all.set(
      one.map((v) => v / Math.hypot(...one)),
      line * m,
    );
  }
  return all;
}

/** From the best value met to the reference point. */
function ranges({ reference }: FittedStudy, fronts: readonly (readonly Point[])[]): Float64Array {
  const ideal = Float64Array.from(reference);
  for (const front of fronts) {
    for (const f of front) for (let j = 0; j < ideal.length; j++) ideal[j] = Math.min(ideal[j], f[j]);
  }
  return ideal.map((low, j) => Math.max(reference[j] - low, 1e-12 * Math.max(1, Math.abs(low))));
}

export function lineStrategy(kind: string): BayesianStrategy {
  return {
    kind,
    gains: (study, fronts, rng) => {
      const marginals = study.objectives.map(({ transform }) => transform.shape);
      const m = marginals.length;
      const range = ranges(study, fronts);
      const lines = lineDirections(LINES, m, rng);
      const draws = Math.max(1, Math.floor(DRAWS / Math.max(1, fronts.length)));
      return fronts.map((front) => {
        const z = Float64Array.from({ length: LINES * draws * m }, () => rng.nextNormal());
        return new LogLineVolume(marginals, front, study.reference, range, { directions: lines, z });
      });
    },
    search: maximizeAcquisition,
  };
}
