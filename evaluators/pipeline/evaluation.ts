/** What an evaluation is asked for, and how its caller follows it. Plain data and bytes, so that it crosses to a worker thread. */
import type { BoardSpec } from '../board-spec.ts';
import type { CompressionPlan } from '../compression-plan.ts';
import type { Artifact, Metrics, Outcome } from '../outcome.ts';
import type { DatasetSpec } from '../train/data/load-dataset.ts';

/** A bound that a trial must keep; one that follows from shapes ends the trial before any training. */
export interface HardLimit {
  /** As the user wrote it, for the reason. */
  readonly name: string;
  readonly metric: string;
  readonly op: '<=' | '>=';
  readonly bound: number;
}

export interface EvaluationRequest {
  /** The uncompressed float network, ONNX. */
  readonly model: Uint8Array;
  readonly dataset: DatasetSpec;
  /** Folder that relative paths of the data set start from. */
  readonly datasetFolder?: string;
  readonly plan: CompressionPlan;
  /** The first is what sizes are checked against; further ones add `romBytes@name` and so on. */
  readonly boards: readonly BoardSpec[];
  readonly limits: readonly HardLimit[];
  /** Test samples per accuracy; absent = all. */
  readonly evaluateLimit?: number;
  /** Reports `latencyUs` of the virtual boards, built in this folder (a cache); absent = no latency. */
  readonly modelLatencyIn?: string;
  /** Folder of this trial alone, made when needed: trainings leave checkpoints there and go on from those that they find. */
  readonly checkpointsIn?: string;
  /** Folder (a cache) where the weights that all trials of a supernet share stay for other trials and processes. */
  readonly sharedWeightsIn?: string;
  /** Seconds between checkpoints; default 10. */
  readonly checkpointSeconds?: number;
}

export interface EvaluationProgress {
  readonly stage:
    | 'load'
    | 'size'
    | 'restructure'
    | 'prune'
    | 'finetune'
    | 'calibrate'
    | 'quantize'
    | 'evaluate'
    | 'emit';
  /** 0..1 of the evaluation. */
  readonly fraction: number;
  readonly message: string;
}

/** Accuracy on a part of the test set after `step` percent of the training of the final structure. */
export interface IntermediateAccuracy {
  readonly step: number;
  readonly accuracy: number;
  readonly stderr: number;
  /** Sizes as they follow from shapes: what training will not change. */
  readonly sizes: Metrics;
}

export interface EvaluationHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Something that the trial does without, such as a damaged checkpoint. */
  readonly onWarning?: (message: string) => void;
  /** Resolves with why the evaluation should end (outcome `stopped`), or null to go on. */
  readonly onIntermediate?: (value: IntermediateAccuracy) => Promise<string | null>;
}

/** What a device needs to repeat the evaluated network: generated sources, inputs, and the outputs that count as right. */
export interface MeasurementKit {
  readonly prefix: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** One byte string per inference, all inputs concatenated. */
  readonly inputs: readonly Uint8Array[];
  readonly expectedOutputs: readonly Uint8Array[];
}

export interface TrialEvaluation {
  readonly outcome: Outcome;
  /** Present when the outcome is `completed`. */
  readonly kit: MeasurementKit | null;
}

export type { Artifact, Metrics };
