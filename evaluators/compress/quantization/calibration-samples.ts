/** The samples that calibration looks at. */
import type { QuantizePlan } from '../../compression-plan.ts';
import { type Dataset, takeSamples, writeSample } from '../../train/data/dataset.ts';
import type { SampleSource } from './float-inference.ts';

/** Samples looked at for activation ranges unless the plan says otherwise. */
const CALIBRATION_SAMPLES = 256;

/** The first training samples of the data set. */
export function calibrationSamples(dataset: Dataset, plan: QuantizePlan): SampleSource {
  const split = takeSamples(dataset.train, plan.calibrationSamples ?? CALIBRATION_SAMPLES);
  return { count: split.count, write: (index, out, at) => writeSample(dataset, split, index, out, at) };
}
