/** The quantization part of a plan: fold, equalize, calibrate on training samples or train on the grids, choose the numbers. */

import type { CompressionPlan, FinetunePlan, NumberFormat, QuantizePlan } from '../compression-plan.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { simplify } from '../passes/simplify.ts';
import type { Dataset } from '../train/data/dataset.ts';
import type { FinetuneOptions, FinetuneResult } from '../train/finetune.ts';
import { usesIntegers } from './check-quantize-plan.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { settingOf } from './layer-names.ts';
import { calibrate } from './quantization/calibrate.ts';
import { calibrationSamples } from './quantization/calibration-samples.ts';
import { chooseWeights } from './quantization/choose-weights.ts';
import { equalize } from './quantization/equalize.ts';
import type { SampleSource } from './quantization/float-inference.ts';
import { mendedPlan } from './quantization/mended-plan.ts';
import { quantize, structureAxis } from './quantization/quantize-graph.ts';
import { codebookWeights, float16Weights } from './quantization/stored-weights.ts';
import { trainQuantized } from './quantization/train-quantized.ts';
import { dequantized } from './quantization/weight-quantizer.ts';

export { usesIntegers } from './check-quantize-plan.ts';
export { calibrationSamples } from './quantization/calibration-samples.ts';

export interface QuantizedNetwork {
  readonly graph: Graph;
  /** false: weights are stored in a smaller format, the arithmetic stays float. */
  readonly integer: boolean;
}

/** Layers whose weights are only stored smaller. */
export function storeSmaller(graph: Graph, plan: QuantizePlan): Graph {
  const has = (format: NumberFormat) => (node: Node) => (settingOf(plan.layers, node.name) ?? plan.format) === format;
  return codebookWeights(float16Weights(graph, has('float16')), has('codebook'), plan.codebookSize);
}

/** What quantization-aware training needs beside the plan. */
export interface AwareTraining {
  readonly finetune: FinetunePlan;
  /** The uncompressed network. */
  readonly teacher: Graph;
  /** Weights that are zero and stay so. */
  readonly keepsZeros: boolean;
  readonly beforeStep?: NonNullable<FinetuneOptions['beforeStep']>;
  readonly onTrained: (result: FinetuneResult) => Promise<void>;
  /** Progress of the training, 0..1. */
  readonly onProgress: (share: number, message: string) => void;
}

export async function quantizeNetwork(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
  aware?: AwareTraining,
): Promise<QuantizedNetwork> {
  const asked = mendedPlan(plan.quantize ?? { format: 'int8' });
  const folded = simplify(graph);
  if (!usesIntegers(asked)) return { graph: storeSmaller(folded, asked), integer: false };
  const network = asked.equalize === true ? equalize(folded) : folded;
  const samples = calibrationSamples(dataset, asked);
  if (aware !== undefined) {
    const trained = await trainAware(network, dataset, plan, samples, aware, hooks);
    return { graph: storeSmaller(trained, asked), integer: true };
  }
  hooks.onProgress?.({ stage: 'calibrate', fraction: 0.85, message: asked.calibration ?? 'minmax' });
  const ranges = calibrate(network, samples, asked.calibration);
  const chosen = chooseWeights(network, asked, samples, plan.seed ?? 0);
  const quantized = quantize(chosen.graph, ranges, asked, {
    quantizeWeight: (node) => chosen.weights.get(node.name),
  });
  return { graph: storeSmaller(quantized, asked), integer: true };
}

/** Other random numbers than those of the training in float. */
const AWARE_SEED = 1000;

async function trainAware(
  network: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  samples: SampleSource,
  aware: AwareTraining,
  hooks: CompressHooks,
): Promise<Graph> {
  const asked = plan.quantize ?? { format: 'int8' };
  const start = startOfTraining(network, asked, samples, plan.seed ?? 0);
  const options: FinetuneOptions = {
    seed: (plan.seed ?? 0) + AWARE_SEED,
    ...((aware.finetune.distill ?? 0) > 0 ? { teacher: aware.teacher } : {}),
    ...(aware.keepsZeros ? { mask: zeroMask(start) } : {}),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    ...(aware.beforeStep === undefined ? {} : { beforeStep: aware.beforeStep }),
    onProgress: ({ step, steps, loss }) =>
      aware.onProgress(step / steps, `quantized, batch ${step} of ${steps}, loss ${loss.toFixed(4)}`),
  };
  const trained = await trainQuantized(start, dataset, asked, aware.finetune, options, hooks.finetune);
  await aware.onTrained(trained.result);
  const ranges = calibrate(trained.graph, samples, asked.calibration);
  return quantize(trained.graph, ranges, asked, {
    quantizeWeight: (node) => trained.weights.get(node.name),
    affine: (value) => trained.activations.get(value),
  });
}

/** With adaptive rounding or bias correction, training begins at the mended weights instead of the float ones. */
function startOfTraining(network: Graph, asked: QuantizePlan, samples: SampleSource, seed: number): Graph {
  if (asked.adaptiveRounding !== true && asked.biasCorrection !== true) return network;
  const { graph, weights } = chooseWeights(network, asked, samples, seed);
  const initializers = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const chosen = weights.get(node.name);
    const axis = chosen === undefined ? null : structureAxis(node, chosen.values);
    if (chosen !== undefined) initializers.set(node.inputs[1], dequantized(chosen, axis ?? 0));
  }
  return { ...graph, initializers };
}

/** Folding renames weights, so the mask of pruned elements is read from their zeros. */
function zeroMask(graph: Graph): Map<string, Uint8Array> {
  const mask = new Map<string, Uint8Array>();
  for (const [name, { dtype, shape, data }] of graph.initializers) {
    if (dtype !== 'float32' || shape.length < 2) continue;
    mask.set(
      name,
      Uint8Array.from(data as Float32Array, (value) => (value === 0 ? 0 : 1)),
    );
  }
  return mask;
}
