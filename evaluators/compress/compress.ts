/**
 * Carries out a compression plan on a float network: prune with fine-tuning between the steps, fold and calibrate, quantize, fuse. The accuracy reported is that of what runs on the device.
 */

import type { CompressionPlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { evaluate } from '../train/evaluate.ts';
import { checkQuantizePlan, isFloatPlan } from './check-quantize-plan.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { type CompressionReport, ReportBuilder } from './compression-report.ts';
import { evaluateInteger } from './evaluate-integer.ts';
import { expandConstants } from './expand-constants.ts';
import { fuseQuantized } from './fuse-quantized.ts';
import { lastStageShare, pruneAndTrain } from './prune-and-train.ts';
import { type AwareTraining, quantizeNetwork } from './quantize-network.ts';
import { type SplitTraining, splitTraining } from './split-training.ts';
import { ValidationCurve } from './validation-curve.ts';

export interface CompressResult {
  /** Pruned and trained, before quantization; with the rounded or shared values of its weights when the format only stores them smaller. */
  readonly floatGraph: Graph;
  /** For export: QuantizeLinear/DequantizeLinear form, or weights as halves or shared values behind the operators that widen them. */
  readonly quantizedGraph?: Graph;
  /** Integer operators: what the code generator compiles. Absent when the arithmetic stays float. */
  readonly integerGraph?: Graph;
  /** Kept weights (1) of element pruning, by initializer name of `floatGraph`. */
  readonly mask?: ReadonlyMap<string, Uint8Array>;
  readonly report: CompressionReport;
}

/**
 * Throws CompressionError when the plan does not fit the network, DivergedError when training diverges, and the signal's reason
 * when aborted. `graph` is not changed.
 */
export async function compress(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks = {},
): Promise<CompressResult> {
  checkQuantizePlan(graph, plan);
  const training = splitTraining(plan);
  const report = new ReportBuilder(graph, plan);
  const limit = hooks.evaluateLimit ?? Number.POSITIVE_INFINITY;
  const accuracyOf = (network: Graph): number =>
    evaluate(network, dataset, { limit, ...(hooks.signal === undefined ? {} : { signal: hooks.signal }) }).accuracy;
  const isInteger = plan.quantize !== undefined && !isFloatPlan(plan.quantize);
  const onlyDeployed = hooks.accuracies === 'deployed';
  report.accuracy('before', hooks.baselineAccuracy ?? (onlyDeployed ? Number.NaN : accuracyOf(graph)));
  const curve = curveOf(dataset, training, hooks);
  const trained = await pruneAndTrain(
    graph,
    dataset,
    training.float,
    floatHooks(hooks, training),
    report,
    curve && { values: curve.values, part: { from: 0, to: curve.floatShare } },
  );
  report.accuracy('float', onlyDeployed && isInteger ? Number.NaN : accuracyOf(trained.graph));
  const base = { floatGraph: trained.graph, ...(trained.mask === undefined ? {} : { mask: trained.mask }) };
  const quantizePlan = plan.quantize;
  if (quantizePlan === undefined || isFloatPlan(quantizePlan)) return { ...base, report: report.build(trained.graph) };

  const quantized = await quantizeNetwork(
    trained.graph,
    dataset,
    plan,
    hooks,
    awareTraining(graph, trained.mask !== undefined, training, hooks, report, curve),
  );
  hooks.onProgress?.({ stage: 'quantize', fraction: 0.9, message: `to ${quantizePlan.format}` });
  if (!quantized.integer) {
    const floatGraph = expandConstants(quantized.graph);
    report.accuracy('after', accuracyOf(floatGraph));
    return { ...base, floatGraph, quantizedGraph: quantized.graph, report: report.build(floatGraph) };
  }
  const integerGraph = expandConstants(fuseQuantized(quantized.graph, { fallback: quantizePlan.fallback ?? 'float' }));
  hooks.onProgress?.({ stage: 'evaluate', fraction: 0.95, message: 'accuracy of the integer network' });
  report.accuracy('after', evaluateInteger(integerGraph, dataset, { limit, ...abort(hooks) }).accuracy);
  return { ...base, quantizedGraph: quantized.graph, integerGraph, report: report.build(trained.graph) };
}

function abort(hooks: CompressHooks): { readonly signal?: AbortSignal } {
  return hooks.signal === undefined ? {} : { signal: hooks.signal };
}

/** Share of the whole plan's progress that training makes. */
const TRAINING_FRACTION = 0.8;

/** Training in float is the first part of all training. */
function floatHooks(hooks: CompressHooks, { floatShare }: SplitTraining): CompressHooks {
  if (floatShare === 1) return hooks;
  return {
    ...hooks,
    onProgress: (progress) => hooks.onProgress?.({ ...progress, fraction: floatShare * progress.fraction }),
  };
}

interface TrainingCurve {
  readonly values: ValidationCurve;
  /** Share of the curve that is trained in float. */
  readonly floatShare: number;
}

/** Undefined when nobody asks for it, or nothing is trained. */
function curveOf(
  dataset: Dataset,
  { float, aware }: SplitTraining,
  { onValidated }: CompressHooks,
): TrainingCurve | undefined {
  if (onValidated === undefined) return undefined;
  const inFloat = (float.finetune?.epochs ?? 0) * lastStageShare(float);
  const epochs = inFloat + (aware?.epochs ?? 0);
  if (epochs <= 0) return undefined;
  return { values: new ValidationCurve(dataset, epochs, onValidated), floatShare: inFloat / epochs };
}

function awareTraining(
  teacher: Graph,
  keepsZeros: boolean,
  { aware, floatShare }: SplitTraining,
  hooks: CompressHooks,
  report: ReportBuilder,
  curve: TrainingCurve | undefined,
): AwareTraining | undefined {
  if (aware === undefined) return undefined;
  return {
    finetune: aware,
    teacher,
    keepsZeros,
    ...(curve === undefined ? {} : { beforeStep: curve.values.watch({ from: curve.floatShare, to: 1 }) }),
    onTrained: async ({ graph, history, seconds, engine }) => {
      report.trained({
        step: report.trainings,
        epochs: aware.epochs,
        loss: history.at(-1)?.loss ?? Number.NaN,
        seconds,
        engine,
      });
      await curve?.values.end(graph);
    },
    onProgress: (share, message) =>
      hooks.onProgress?.({
        stage: 'finetune',
        fraction: TRAINING_FRACTION * (floatShare + (1 - floatShare) * share),
        message,
      }),
  };
}
