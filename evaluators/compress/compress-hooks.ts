/** What the caller of `compress` provides beside the plan. */
import type { SizeMetric } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { finetune } from '../train/finetune.ts';
import type { Measures } from './group-widths.ts';

export interface CompressProgress {
  readonly stage: 'restructure' | 'prune' | 'finetune' | 'calibrate' | 'quantize' | 'evaluate';
  /** 0..1 of the whole plan. */
  readonly fraction: number;
  readonly message: string;
}

export interface ValidationValue {
  readonly step: number;
  readonly accuracy: number;
  readonly stderr: number;
}

export interface CompressHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CompressProgress) => void;
  /** How to measure romBytes, ramBytes and latencyUs, for pruning targets in them. */
  readonly measures?: Measures;
  /** The same without approximation but slowly: checks what was fitted to a target, and teaches `measures`. */
  readonly simulate?: Partial<Record<SizeMetric, (graph: Graph) => Promise<number>>>;
  /** Instead of `finetune`: the same with a memory (TrainingJournal). */
  readonly finetune?: typeof finetune;
  /** Where the weights of a supernet stay for other processes, and checkpoints while they are trained. */
  readonly sharedWeightsIn?: string;
  /** Seconds between those checkpoints; default 10. */
  readonly checkpointSeconds?: number;
  /** A file could not be used or written. */
  readonly onWarning?: (message: string) => void;
  /** Test samples per accuracy; default all. */
  readonly evaluateLimit?: number;
  /** Float accuracy of the network before compression, when known: saves an evaluation. */
  readonly baselineAccuracy?: number;
  /** Accuracy below which the result is of no use: a training that cannot reach it is given up (CompressionError HOPELESS). */
  readonly minimumAccuracy?: number;
  /**
   * Told the accuracy on a part of the test set ten times while the network trains in its final structure; `step` is the percentage
   * of that training. Resolves with why the training should end (StoppedEarlyError), or null to go on.
   */
  readonly onValidated?: (value: ValidationValue) => Promise<string | null>;
  /** `deployed`: measure only what runs on the device; the report's other accuracies are NaN. Default `all`. */
  readonly accuracies?: 'all' | 'deployed';
}
