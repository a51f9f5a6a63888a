/** What the study service and the HTTP layer need from the rest of the daemon, as ports that the composition root fills. */
import type { BoardSpec } from '@tinypareto/evaluators';
import type { EvaluationRequest } from '../contract/evaluation.ts';
import type { WireMetrics } from '../contract/metric.ts';
import type { ParameterSpec, WireParams } from '../contract/parameter.ts';
import type { StudyDefinition } from '../contract/study.ts';
import type { SamplerExtensionRef } from './study.ts';

/** Turns a campaign's space (a preset, or parameters) into parameters for its model. */
export interface CampaignPlanner {
  /**
   * `fixed` are values that every trial gets beside its params; `extension` tells the sampler which metrics are known before any
   * evaluation. Throws `UserError` when model, data set or board cannot be used.
   */
  plan(definition: StudyDefinition): Promise<{
    readonly parameters: readonly ParameterSpec[];
    readonly fixed?: WireParams;
    readonly extension?: SamplerExtensionRef | null;
  }>;
}

/** A file that an evaluation produced. */
export interface ProducedFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export type EvaluationResult =
  | { readonly state: 'completed'; readonly metrics: WireMetrics; readonly files: readonly ProducedFile[] }
  | { readonly state: 'infeasible'; readonly reason: string; readonly metrics: WireMetrics }
  | { readonly state: 'failed'; readonly reason: string; readonly retryable: boolean };

/** Runs one compression plan outside any study (`POST /v1/evaluations`). */
export interface Evaluator {
  /** Throws `UserError` at once when the request cannot be run; `onProgress` is called with shares from 0 to 1. */
  evaluate(
    request: EvaluationRequest,
    options: { readonly signal: AbortSignal; readonly onProgress: (share: number) => void },
  ): Promise<EvaluationResult>;
}

/** Answer to an uploaded model: inputs, outputs, operators, params, macs, unsupported nodes. Throws `UserError` for a broken file. */
export type DescribeModel = (bytes: Uint8Array) => Promise<Readonly<Record<string, unknown>>>;

/** The board types that the daemon knows. */
export type ListBoards = () => readonly BoardSpec[];
