/** What crosses to a worker thread: plain data, file names instead of large bytes. */
import type {
  BoardSpec,
  CompressionPlan,
  HardLimit,
  IntermediateAccuracy,
  DatasetSpec as LoaderSpec,
  NumberFormat,
  TrialEvaluation,
} from '@tinypareto/evaluators';
import type { ParameterSpec, SpaceSpec, WireParams } from '../contract/parameter.ts';

/** The plan itself, or the trial's point that it is made from. */
export type PlanSource =
  | { readonly plan: CompressionPlan }
  | { readonly params: WireParams; readonly fixed: WireParams; readonly seed: number };

export interface EvaluateTask {
  readonly kind: 'evaluate';
  readonly modelFile: string;
  readonly dataset: LoaderSpec;
  readonly boards: readonly BoardSpec[];
  readonly limits: readonly HardLimit[];
  readonly source: PlanSource;
  /** Report the latency on virtual boards. */
  readonly modelLatency: boolean;
  /** Where trainings leave checkpoints, and how often; absent = they do not. */
  readonly checkpoints?: { readonly folder: string; readonly everySeconds?: number | undefined };
  /** Report the accuracy while the network trains, and wait for an answer each time. */
  readonly reportsIntermediate: boolean;
}

/** Checks that model and data fit, and expands the search space. */
export interface PlanTask {
  readonly kind: 'plan';
  readonly modelFile: string;
  readonly dataset: LoaderSpec;
  readonly boards: readonly BoardSpec[];
  readonly space: SpaceSpec;
}

export interface DescribeTask {
  readonly kind: 'describe';
  readonly bytes: Uint8Array;
}

export type TrialTask = EvaluateTask | PlanTask | DescribeTask;

export interface PlannedSpace {
  readonly parameters: readonly ParameterSpec[];
  readonly fixed: WireParams;
  /** Data for `createSamplerExtension` of known-sizes.ts; null when sizes are not known before training. */
  readonly knownSizes: unknown;
}

export interface ModelSummary {
  readonly inputs: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  readonly operators: Readonly<Record<string, number>>;
  readonly params: number;
  readonly macs: number;
  readonly flops: number;
  /** Layers whose structures can be pruned. */
  readonly layers: readonly { readonly name: string; readonly structures: number; readonly kind: string }[];
  /** Number format of the file as it is: float32, or quantized. */
  readonly format: NumberFormat | 'quantized';
  readonly unsupported: readonly string[];
}

export interface TaskResults {
  readonly evaluate: TrialEvaluation;
  readonly plan: PlannedSpace;
  readonly describe: ModelSummary;
}

/** Errors of the user's input lose their class between threads, so they travel as data. */
export type WorkerAnswer<K extends TrialTask['kind']> =
  | { readonly ok: true; readonly result: TaskResults[K] }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly where?: string;
        readonly hint?: string;
        readonly status: number;
        readonly exitCode: number;
      };
    };

export interface WorkerProgress {
  /** 0..1 of the evaluation. */
  readonly fraction: number;
  readonly stage: string;
}

/** What a thread says while it works; a warning is about something that an evaluation does without. */
export type WorkerMessage =
  | ({ readonly kind: 'progress' } & WorkerProgress)
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'intermediate'; readonly value: IntermediateAccuracy };

/** The answer to an intermediate value: why the evaluation should end, or null. */
export interface IntermediateAnswer {
  readonly stop: string | null;
}
