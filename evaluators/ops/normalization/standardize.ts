/** What the normalisations share: each run of `count` consecutive elements shifted and scaled to mean 0 and variance 1. */
import type { NumberArray } from '../elements.ts';

/** result[i] = (x[i] - mean) / sqrt(variance + epsilon) over runs of `count` elements; also the statistics of each run. */
export function standardize(
  x: NumberArray,
  count: number,
  epsilon: number,
): { readonly values: Float64Array; readonly means: Float64Array; readonly inverseDeviations: Float64Array } {
  const values = new Float64Array(x.length);
  const runs = count === 0 ? 0 : x.length / count;
  const means = new Float64Array(runs);
  const inverseDeviations = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    const start = run * count;
    let sum = 0;
    for (let i = start; i < start + count; i++) sum += x[i];
    const mean = sum / count;
    let squares = 0;
    for (let i = start; i < start + count; i++) squares += (x[i] - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / count + epsilon);
    for (let i = start; i < start + count; i++) values[i] = (x[i] - mean) * inverse;
    means[run] = mean;
    inverseDeviations[run] = inverse;
  }
  return { values, means, inverseDeviations };
}
