/** The thread that explains studies: fits a model to each metric and answers what is asked about it. */
import {
  fitMetricModels,
  type HealthFinding,
  type Observations,
  type ParameterImportance,
  type Params,
  type ParamValue,
  parameterImportance,
  predictSlice,
  SpaceError,
  studyHealth,
} from '@tinypareto/optimizer';
import { UserError } from '../errors.ts';
import { buildProblem, type SamplerTask } from './sampler-task.ts';

export type ExplainQuestion =
  | { readonly kind: 'importance' }
  | { readonly kind: 'health' }
  | { readonly kind: 'slice'; readonly parameter: string; readonly at: Params; readonly points: number };

export interface ExplainRequest {
  readonly task: SamplerTask;
  readonly observations: Observations;
  readonly question: ExplainQuestion;
}

export interface SliceAnswer {
  readonly parameter: string;
  readonly values: readonly ParamValue[];
  readonly metrics: Readonly<Record<string, readonly { readonly mean: number; readonly sd: number }[]>>;
}

export type ExplainAnswer =
  | {
      readonly kind: 'importance';
      readonly metrics: Readonly<Record<string, readonly ParameterImportance[]>>;
      readonly hypervolume: readonly ParameterImportance[] | null;
    }
  | { readonly kind: 'health'; readonly findings: readonly HealthFinding[] }
  | { readonly kind: 'slice'; readonly slice: SliceAnswer }
  /** Errors lose their class between threads. */
  | { readonly kind: 'refused'; readonly message: string };

export default async function explain(request: ExplainRequest): Promise<ExplainAnswer> {
  const { task, observations, question } = request;
  const problem = await buildProblem(task);
  const models = fitMetricModels(problem, observations);
  switch (question.kind) {
    case 'importance': {
      const { metrics, hypervolume } = parameterImportance(problem, observations, models);
      return { kind: 'importance', metrics: Object.fromEntries(metrics), hypervolume };
    }
    case 'health':
      return { kind: 'health', findings: studyHealth(problem, observations, models) };
    case 'slice':
      try {
        const { parameter, values, metrics } = predictSlice(
          problem.space,
          models,
          question.parameter,
          question.at,
          question.points,
        );
        return { kind: 'slice', slice: { parameter, values, metrics: Object.fromEntries(metrics) } };
      } catch (error) {
        if (error instanceof SpaceError || error instanceof UserError)
          return { kind: 'refused', message: error.message };
        throw error;
      }
  }
}
