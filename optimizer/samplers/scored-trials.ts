/**
 * Trials as numbers to compare: objectives turned so that smaller is better, and one violation per trial, 0 where every constraint holds.
 * Known metrics are filled in, so that a trial that never ran far enough to report them still counts.
 */
import type { Observations, ObservedTrial, SamplerProblem } from './sampler.ts';

export interface ScoredTrial {
  readonly trial: ObservedTrial;
  /** Turned objectives, in the order of the problem; null where the trial has not got them all. */
  readonly objectives: readonly number[] | null;
  /** Positive parts of the constraints, in the order of the problem; Infinity where a constraint cannot be judged. */
  readonly violations: readonly number[];
  /** Completed, all objectives there, every constraint met. */
  readonly isFeasible: boolean;
}

/** Metric means with known metrics filled in. */
function means(problem: SamplerProblem, trial: ObservedTrial): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [metric, { mean }] of Object.entries(trial.metrics)) values[metric] = mean;
  for (const [metric, known] of problem.known ?? []) values[metric] = known(trial.params);
  return values;
}

export function scoreTrial(problem: SamplerProblem, trial: ObservedTrial): ScoredTrial {
  const values = means(problem, trial);
  const turned = problem.objectives.map(({ metric, direction }) =>
    direction === 'minimize' ? values[metric] : -values[metric],
  );
  const objectives = turned.every(Number.isFinite) ? turned : null;
  const violations = problem.constraints.map((constraint) => {
    if (!constraint.metrics.every((metric) => Number.isFinite(values[metric]))) return Number.POSITIVE_INFINITY;
    const violation = constraint.violation(values);
    return violation <= 0 ? 0 : Number.isNaN(violation) ? Number.POSITIVE_INFINITY : violation;
  });
  const isFeasible = trial.state === 'completed' && objectives !== null && violations.every((v) => v === 0);
  return { trial, objectives, violations, isFeasible };
}

/** The trials that say something about the problem: completed, pruned and infeasible ones, in order. */
export function scoreTrials(problem: SamplerProblem, observations: Observations): ScoredTrial[] {
  return observations
    .filter(({ state }) => state === 'completed' || state === 'pruned' || state === 'infeasible')
    .map((trial) => scoreTrial(problem, trial));
}
