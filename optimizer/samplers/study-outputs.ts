/**
 * The scalar outputs that a model-based sampler works with: objectives turned so that smaller is better, and constraints as violations
 * (feasible at or below 0). Those that only read known metrics are exact functions of the params; the others need a model.
 */
import type { Params } from '../space/parameter.ts';
import { knownConstraints } from './fresh-cells.ts';
import type { KnownMetric, Objective, ObservedTrial, OutcomeConstraint, SamplerProblem } from './sampler.ts';
import { tradeOffs } from './trade-offs.ts';

export interface ObjectiveOutput {
  readonly objective: Objective;
  /** +1 to minimise, -1 to maximise. */
  readonly sign: 1 | -1;
  /** Worst value of interest, turned; undefined = infer. */
  readonly reference: number | undefined;
  /** Exact turned value, where the metric is known. */
  readonly known?: KnownMetric;
  /** Turned prior mean, where the study has one. */
  readonly prior?: KnownMetric;
  /** What a model of it is expected to follow (trade-offs.ts); none where there is a prior mean. */
  readonly trends: readonly KnownMetric[];
}

export interface StudyOutputs {
  readonly objectives: readonly ObjectiveOutput[];
  /** Constraints that no known function decides. */
  readonly modelled: readonly OutcomeConstraint[];
  /** 0 where all known constraints hold, else a size that falls towards them. */
  knownViolation(params: Params): number;
}

export function studyOutputs(problem: SamplerProblem): StudyOutputs {
  const decided = knownConstraints(problem);
  const trends = tradeOffs(problem);
  const objectives = problem.objectives.map((objective): ObjectiveOutput => {
    const sign = objective.direction === 'minimize' ? 1 : -1;
    const known = problem.known?.get(objective.metric);
    const prior = problem.priorMean?.get(objective.metric);
    return {
      objective,
      sign,
      reference: objective.reference === undefined ? undefined : sign * objective.reference,
      ...(known === undefined ? {} : { known: (params: Params) => sign * known(params) }),
      ...(prior === undefined || known !== undefined ? {} : { prior: (params: Params) => sign * prior(params) }),
      trends: prior === undefined && known === undefined ? trends : [],
    };
  });
  return {
    objectives,
    modelled: problem.constraints.filter((constraint) => !decided.includes(constraint)),
    knownViolation: (params) => {
      let total = 0;
      for (const constraint of decided) {
        const metrics: Record<string, number> = {};
        for (const metric of constraint.metrics) metrics[metric] = problem.known?.get(metric)?.(params) ?? Number.NaN;
        const violation = constraint.violation(metrics);
        if (!(violation <= 0)) total += Math.log1p(Number.isNaN(violation) ? 1e300 : violation);
      }
      return total;
    },
  };
}

/** Metric means of a trial with known metrics filled in. */
export function metricMeans(problem: SamplerProblem, trial: ObservedTrial): Record<string, number> {
  const means: Record<string, number> = {};
  for (const [name, value] of Object.entries(trial.metrics)) means[name] = value.mean;
  for (const [name, known] of problem.known ?? []) means[name] = known(trial.params);
  return means;
}

/** The violation of a constraint, or undefined where a metric that it reads is missing or not finite. */
export function violationOf(
  constraint: OutcomeConstraint,
  means: Readonly<Record<string, number>>,
): number | undefined {
  if (!constraint.metrics.every((metric) => Number.isFinite(means[metric]))) return undefined;
  const violation = constraint.violation(means);
  return Number.isNaN(violation) ? undefined : violation;
}
