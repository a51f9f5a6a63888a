/** The quantization part of a plan: fold, calibrate on training samples, choose the numbers. */
import type { Graph } from '../ir/graph.ts';
import { simplify } from '../passes/simplify.ts';
import { type Dataset, takeSamples, writeSample } from '../train/data/dataset.ts';
import type { CompressHooks } from './compress-hooks.ts';
import type { CompressionPlan, QuantizePlan } from './plan.ts';
import { calibrate } from './quantization/calibrate.ts';
import type { SampleSource } from './quantization/float-inference.ts';
import { quantize } from './quantization/quantize-graph.ts';

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

export async function quantizeNetwork(
  graph: Graph,
  dataset: Dataset,
  plan: CompressionPlan,
  hooks: CompressHooks,
): Promise<QuantizedNetwork> {
  const asked = plan.quantize ?? { format: 'int8' };
  const folded = simplify(graph);
  hooks.onProgress?.({ stage: 'calibrate', fraction: 0.85, message: asked.calibration ?? 'minmax' });
  const ranges = calibrate(folded, calibrationSamples(dataset, asked), asked.calibration);
  return { graph: quantize(folded, ranges, asked), integer: true };
}
