/** The trials of a study as a model-based sampler reads them: model rows, turned objectives, violations, who is feasible. */
import { type Candidate, toCandidate } from '../acquisition/candidate.ts';
import type { Observations, ObservedTrial, SamplerProblem } from './sampler.ts';
import { metricMeans, type StudyOutputs, violationOf } from './study-outputs.ts';

export interface TableRow {
  readonly trial: ObservedTrial;
  readonly candidate: Candidate;
  /** Turned objective values; NaN where missing. */
  readonly objectives: Float64Array;
  /** Standard errors of the objectives; NaN where unknown. */
  readonly errors: Float64Array;
  /** Violations of the modelled constraints; NaN where missing. */
  readonly violations: Float64Array;
  /** All objectives present and the trial is completed and meets every constraint. */
  readonly isFeasible: boolean;
  /** Ended infeasible although no constraint that could be evaluated says why. */
  readonly isUnexplained: boolean;
}

export interface TrialTable {
  /** Trials that say something: completed, pruned or infeasible. */
  readonly rows: readonly TableRow[];
}

function tableRow(problem: SamplerProblem, outputs: StudyOutputs, trial: ObservedTrial): TableRow {
  const means = metricMeans(problem, trial);
  const objectives = Float64Array.from(outputs.objectives, ({ objective, sign }) => {
    const value = means[objective.metric];
    return Number.isFinite(value) ? sign * value : Number.NaN;
  });
  const errors = Float64Array.from(outputs.objectives, ({ objective }) => {
    return trial.metrics[objective.metric]?.stderr ?? Number.NaN;
  });
  const violations = Float64Array.from(outputs.modelled, (constraint) => violationOf(constraint, means) ?? Number.NaN);
  const knownViolation = outputs.knownViolation(trial.params);
  const isComplete = trial.state === 'completed' && objectives.every((value) => !Number.isNaN(value));
  return {
    trial,
    candidate: toCandidate(problem.space, trial.params),
    objectives,
    errors,
    violations,
    isFeasible: isComplete && knownViolation === 0 && violations.every((v) => v <= 0),
    isUnexplained: trial.state === 'infeasible' && knownViolation === 0 && !violations.some((v) => v > 0),
  };
}

export function trialTable(problem: SamplerProblem, outputs: StudyOutputs, observations: Observations): TrialTable {
  const taught = observations.filter(({ state }) => ['completed', 'pruned', 'infeasible'].includes(state));
  return { rows: taught.map((trial) => tableRow(problem, outputs, trial)) };
}
