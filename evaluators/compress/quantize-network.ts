/** The quantization part of a plan: fold, equalize, calibrate on training samples, choose the numbers. */

import type { CompressionPlan, NumberFormat, QuantizePlan } from '../compression-plan.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { simplify } from '../passes/simplify.ts';
import { type Dataset, takeSamples, writeSample } from '../train/data/dataset.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { calibrate } from './quantization/calibrate.ts';
import { chooseWeights } from './quantization/choose-weights.ts';
import { equalize } from './quantization/equalize.ts';
import type { SampleSource } from './quantization/float-inference.ts';
import { quantize } from './quantization/quantize-graph.ts';
import { codebookWeights, float16Weights } from './quantization/stored-weights.ts';

/** Samples looked at for activation ranges unless the plan says otherwise. */
const CALIBRATION_SAMPLES = 256;

export interface QuantizedNetwork {
  readonly graph: Graph;
  /** false: weights are stored in a smaller format, the arithmetic stays float. */
  readonly integer: boolean;
}

/** The first training samples of the data set. */
export function calibrationSamples(dataset: Dataset, plan: QuantizePlan): SampleSource {
  const split = takeSamples(dataset.train, plan.calibrationSamples ?? CALIBRATION_SAMPLES);
  return { count: split.count, write: (index, out, at) => writeSample(dataset, split, index, out, at) };
}

const INTEGER_FORMATS: ReadonlySet<NumberFormat> = new Set<NumberFormat>(['int8', 'uint8', 'int4']);

/** Whether any layer of the plan computes in integers. */
export function usesIntegers(plan: QuantizePlan): boolean {
  return [plan.format, ...Object.values(plan.layers ?? {})].some((format) => INTEGER_FORMATS.has(format));
}

/** Layers whose weights are only stored smaller. */
export function storeSmaller(graph: Graph, plan: QuantizePlan): Graph {
  const has = (format: NumberFormat) => (node: Node) => (plan.layers?.[node.name] ?? plan.format) === format;
  return codebookWeights(float16Weights(graph, has('float16')), has('codebook'));
}

export async function quantizeNetwork(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
): Promise<QuantizedNetwork> {
  const asked = plan.quantize ?? { format: 'int8' };
  const folded = simplify(graph);
  if (!usesIntegers(asked)) return { graph: storeSmaller(folded, asked), integer: false };
  const network = asked.equalize === true ? equalize(folded) : folded;
  const samples = calibrationSamples(dataset, asked);
  hooks.onProgress?.({ stage: 'calibrate', fraction: 0.85, message: asked.calibration ?? 'minmax' });
  const ranges = calibrate(network, samples, asked.calibration);
  const chosen = chooseWeights(network, asked, samples, plan.seed ?? 0);
  const quantized = quantize(chosen.graph, ranges, asked, {
    quantizeWeight: (node) => chosen.weights.get(node.name),
  });
  return { graph: storeSmaller(quantized, asked), integer: true };
}
