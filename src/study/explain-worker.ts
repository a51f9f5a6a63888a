/** The thread that explains studies: fits a model to each metric and answers what is asked about it. */
import {
  type Calibration,
  calibrate,
  fitMetricModels,
  type HealthFinding,
  type HeldOut,
  type MetricModel,
  type Observations,
  type ParameterImportance,
  type Params,
  type ParamValue,
  parameterImportance,
  predictContour,
  predictSlice,
  type SamplerProblem,
  SpaceError,
  studyHealth,
} from '@tinypareto/optimizer';
import { UserError } from '../errors.ts';
import { buildProblem, type SamplerTask } from './sampler-task.ts';

export type ExplainQuestion =
  | { readonly kind: 'importance' }
  | { readonly kind: 'health' }
  | { readonly kind: 'calibration' }
  | {
      readonly kind: 'contour';
      readonly parameters: readonly [string, string];
      readonly at: Params;
      readonly points: number;
    }
  | { readonly kind: 'slice'; readonly parameter: string; readonly at: Params; readonly points: number };

export interface ExplainRequest {
  /** The same for the same study in the same state. */
  readonly version: string;
  readonly task: SamplerTask;
  readonly observations: Observations;
  readonly question: ExplainQuestion;
}

export interface SliceAnswer {
  readonly parameter: string;
  readonly values: readonly ParamValue[];
  readonly metrics: Readonly<Record<string, readonly { readonly mean: number; readonly sd: number }[]>>;
}

type Predictions = readonly { readonly mean: number; readonly sd: number }[];

export interface ContourAnswer {
  readonly x: { readonly parameter: string; readonly values: readonly ParamValue[] };
  readonly y: { readonly parameter: string; readonly values: readonly ParamValue[] };
  /** Rows along y, columns along x. */
  readonly metrics: Readonly<Record<string, readonly Predictions[]>>;
}

/** Leave-one-out: how each trial is foretold by the others. */
export interface CalibrationAnswer {
  readonly summary: readonly Calibration[];
  readonly heldOut: Readonly<Record<string, readonly HeldOut[]>>;
}

export type ExplainAnswer =
  | {
      readonly kind: 'importance';
      readonly metrics: Readonly<Record<string, readonly ParameterImportance[]>>;
      readonly hypervolume: readonly ParameterImportance[] | null;
    }
  | { readonly kind: 'health'; readonly findings: readonly HealthFinding[] }
  | { readonly kind: 'slice'; readonly slice: SliceAnswer }
  | { readonly kind: 'contour'; readonly contour: ContourAnswer }
  | { readonly kind: 'calibration'; readonly calibration: CalibrationAnswer }
  /** Errors lose their class between threads. */
  | { readonly kind: 'refused'; readonly message: string };

/** Fitting takes the time: the models of the study that was asked about last are kept. */
let kept: {
  readonly version: string;
  readonly problem: SamplerProblem;
  readonly models: ReadonlyMap<string, MetricModel>;
} | null = null;

async function modelsOf({ version, task, observations }: ExplainRequest) {
  if (kept?.version !== version) {
    const problem = await buildProblem(task);
    kept = { version, problem, models: fitMetricModels(problem, observations) };
  }
  return kept;
}

export default async function explain(request: ExplainRequest): Promise<ExplainAnswer> {
  try {
    return await answer(request);
  } catch (error) {
    if (error instanceof SpaceError || error instanceof UserError) return { kind: 'refused', message: error.message };
    throw error;
  }
}

async function answer(request: ExplainRequest): Promise<ExplainAnswer> {
  const { observations, question } = request;
  const { problem, models } = await modelsOf(request);
  const { space } = problem;
  switch (question.kind) {
    case 'importance': {
      const { metrics, hypervolume } = parameterImportance(problem, observations, models);
      return { kind: 'importance', metrics: Object.fromEntries(metrics), hypervolume };
    }
    case 'health':
      return { kind: 'health', findings: studyHealth(problem, observations, models) };
    case 'slice': {
      const { metrics, ...slice } = predictSlice(space, models, question.parameter, question.at, question.points);
      return { kind: 'slice', slice: { ...slice, metrics: Object.fromEntries(metrics) } };
    }
    case 'contour': {
      const { metrics, ...axes } = predictContour(space, models, question.parameters, question.at, question.points);
      return { kind: 'contour', contour: { ...axes, metrics: Object.fromEntries(metrics) } };
    }
    case 'calibration': {
      const heldOut = Object.fromEntries([...models].map(([metric, model]) => [metric, model.heldOut()]));
      return { kind: 'calibration', calibration: { summary: calibrate(models), heldOut } };
    }
  }
}
