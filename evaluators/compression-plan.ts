/**
 * The compression plan: what to do to the network. Written by hand for `compress` or `POST /v1/evaluations`, or made from a
 * trial's params by src/study/decode-plan.ts. Every part is optional.
 */

export type PruneHeuristic = 'l1' | 'l2' | 'gradient' | 'apoz' | 'attribution' | 'random' | 'level';
export type SizeMetric = 'params' | 'macs' | 'romBytes' | 'ramBytes' | 'latencyUs';

export interface PruneTarget {
  readonly metric: SizeMetric;
  /** Share to remove, 0..1. Exactly one of `remove` and `atMost` is given. */
  readonly remove?: number;
  /** Upper bound in the metric's unit. */
  readonly atMost?: number;
}

/** A number is the share removed, 0..1; `keep` is the number of structures kept. */
export type LayerPrune = number | { readonly keep: number };

export interface PrunePlan {
  readonly granularity: 'structured' | 'element' | 'nm';
  /** Pattern of `nm`: at most `n` non-zero weights among `m` consecutive ones. */
  readonly n?: number;
  readonly m?: number;
  readonly heuristic: PruneHeuristic;
  readonly target?: PruneTarget;
  /** By layer (node) name. */
  readonly layers?: Readonly<Record<string, LayerPrune>>;
  readonly schedule?: { readonly kind: 'oneShot' | 'iterative' | 'agp'; readonly steps: number };
  /** Keep a multiple of this many structures. */
  readonly roundTo?: number;
  /**
   * Assignments of widths that meet a structured target and are each trained for a moment, judged on held-out training samples; the best is
   * kept. Default 1: the widths that the heuristic says. Needs `finetune`.
   */
  readonly tryWidths?: number;
}

export interface FinetunePlan {
  /** May be fractional: 0.5 = half of the training set. */
  readonly epochs: number;
  readonly optimizer: 'sgd' | 'nesterov' | 'adam' | 'adamw';
  readonly learningRate: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly batchSize?: number;
  readonly schedule?: 'constant' | 'step' | 'cosine' | 'plateau' | 'oneCycle';
  /** Weight of the distillation loss against the uncompressed network, 0..1. */
  readonly distill?: number;
  readonly labelSmoothing?: number;
  readonly clipNorm?: number;
  readonly augment?: readonly ('shift' | 'flip' | 'noise' | 'crop' | 'mixup')[];
}

export type NumberFormat = 'float32' | 'float16' | 'int8' | 'uint8' | 'int4' | 'codebook';
export type Calibration = 'minmax' | 'movingAverage' | 'percentile' | 'mse' | 'entropy';

export interface QuantizePlan {
  readonly format: NumberFormat;
  /** `qat`: the last part of the fine-tuning trains on the grids of the integer network. */
  readonly mode?: 'ptq' | 'qat';
  /** Share of the epochs of `finetune` that quantization-aware training takes; default all, or half of them after pruning. */
  readonly qatShare?: number;
  /** Quantization-aware training learns the scales (learned step size) instead of observing ranges. */
  readonly learnSteps?: boolean;
  readonly granularity?: 'tensor' | 'channel';
  readonly calibration?: Calibration;
  readonly calibrationSamples?: number;
  readonly fallback?: 'float' | 'none';
  /** Format of single layers, by node name (mixed precision). */
  readonly layers?: Readonly<Record<string, NumberFormat>>;
  /** Shared values per tensor of the format `codebook`, 2 to 256; default 256, or 64 for tensors of fewer than 1,024 weights. */
  readonly codebookSize?: number;
  /** The following mend post-training quantization; default: on coarse grids (per tensor, int4), not on others. */
  readonly biasCorrection?: boolean;
  readonly equalize?: boolean;
  readonly adaptiveRounding?: boolean;
}

/** `method` is for convolutions; default: tucker2, or svd for a 1×1 kernel. Dense layers use svd. */
export type Restructure =
  | 'depthwiseSeparable'
  | { readonly lowRank: number; readonly method?: 'svd' | 'tucker2' | 'cp' }
  | { readonly kernel: number };

/** Weights trained once for all widths; the trials of a campaign with the same supernet share them. */
export interface SupernetPlan {
  readonly epochs: number;
  /** Default 0.02. */
  readonly learningRate?: number;
}

/**
 * What matters most when a network is compiled. `balanced`: fast kernels, layers in patches only where the network does not fit otherwise.
 * `ram`: less working memory, and patches where they make the arena smaller for at most a tenth more cycles. `speed`: encoded weights only where
 * that is faster, no patches, constants in RAM where flash is waited for and RAM is left.
 */
export type OptimizeGoal = 'balanced' | 'ram' | 'speed';

export interface CompressionPlan {
  readonly prune?: PrunePlan;
  readonly restructure?: Readonly<Record<string, Restructure>>;
  readonly finetune?: FinetunePlan;
  readonly quantize?: QuantizePlan;
  readonly place?: { readonly weights: 'flash' | 'ram' };
  /** `balanced` when absent. Size targets of pruning are met without patches, which only make RAM smaller. */
  readonly optimize?: OptimizeGoal;
  readonly supernet?: SupernetPlan;
  readonly seed?: number;
}
