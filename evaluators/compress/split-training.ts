/** Divides the epochs of a plan between training in float and quantization-aware training. */
import type { CompressionPlan, FinetunePlan } from '../compression-plan.ts';

export interface SplitTraining {
  /** The plan up to quantization. */
  readonly float: CompressionPlan;
  /** Quantization-aware training; absent when the plan quantizes after training. */
  readonly aware?: FinetunePlan;
  /** Share of the epochs that are trained in float. */
  readonly floatShare: number;
}

/** A network that just lost structures first recovers in float. */
const SHARE_AFTER_CHANGES = 0.5;
/** Trained weights only settle on their grids: large steps would undo what training found. */
const LEARNING_RATE_FACTOR = 0.1;
/** Largest norm of the gradient: without live normalisation a single steep batch can throw the weights off. */
const CLIP_NORM = 1;

export function splitTraining(plan: CompressionPlan): SplitTraining {
  const { finetune, quantize } = plan;
  if (quantize?.mode !== 'qat' || finetune === undefined) return { float: plan, floatShare: 1 };
  const isChanged = plan.prune !== undefined || Object.keys(plan.restructure ?? {}).length > 0;
  const share = quantize.qatShare ?? (isChanged ? SHARE_AFTER_CHANGES : 1);
  const epochs = finetune.epochs * share;
  return {
    float: { ...plan, finetune: { ...finetune, epochs: finetune.epochs - epochs } },
    aware: { clipNorm: CLIP_NORM, ...finetune, epochs, learningRate: finetune.learningRate * LEARNING_RATE_FACTOR },
    floatShare: 1 - share,
  };
}
