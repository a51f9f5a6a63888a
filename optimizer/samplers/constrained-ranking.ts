/**
 * Constrained domination (Deb, Pratap, Agarwal, Meyarivan, IEEE TEVC 6(2), 2002, section VI): feasible before infeasible, feasible ones by
 * non-dominated sorting, infeasible ones by their violation; crowding distance inside a rank.
 */
import { crowdingDistances, nonDominatedSort } from '../pareto/dominance.ts';
import type { ScoredTrial } from './scored-trials.ts';

export interface RankedTrial {
  readonly scored: ScoredTrial;
  readonly rank: number;
  readonly crowding: number;
}

/** Sum of the violations, each divided by the largest finite one seen of its constraint, so that units do not matter. */
function totalViolations(trials: readonly ScoredTrial[]): number[] {
  const count = trials[0]?.violations.length ?? 0;
  const scales = Array.from({ length: count }, (_, c) =>
    trials.reduce(
      (scale, { violations }) => (Number.isFinite(violations[c]) ? Math.max(scale, violations[c]) : scale),
      0,
    ),
  );
  return trials.map(({ violations, trial }) => {
    // A trial that ended infeasible for a reason that no constraint names is as bad as can be.
    const unexplained = trial.state === 'infeasible' && violations.every((v) => v === 0);
    if (unexplained) return Number.POSITIVE_INFINITY;
    return violations.reduce((sum, v, c) => sum + (v === 0 ? 0 : v / scales[c]), 0);
  });
}

/** Best first: by rank, then the less crowded, then the older trial. */
export function rankTrials(trials: readonly ScoredTrial[]): RankedTrial[] {
  const feasible = trials.filter((t) => t.isFeasible);
  const others = trials.filter((t) => !t.isFeasible);
  const ranks = nonDominatedSort(feasible.map((t) => t.objectives ?? []));
  const fronts = Map.groupBy(feasible, (_, i) => ranks[i]);
  const ranked: RankedTrial[] = [];
  for (const [rank, front] of [...fronts].sort(([a], [b]) => a - b)) {
    const crowding = crowdingDistances(front.map((t) => t.objectives ?? []));
    front.forEach((scored, i) => {
      ranked.push({ scored, rank, crowding: crowding[i] });
    });
  }
  const violations = totalViolations(others);
  const levels = [...new Set(violations)].sort((a, b) => a - b);
  others.forEach((scored, i) => {
    ranked.push({ scored, rank: fronts.size + levels.indexOf(violations[i]), crowding: 0 });
  });
  return ranked.sort(
    (a, b) =>
      a.rank - b.rank || compareCrowding(a.crowding, b.crowding) || a.scored.trial.number - b.scored.trial.number,
  );
}

/** Less crowded (larger distance) first; two infinite distances are equal. */
function compareCrowding(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}
