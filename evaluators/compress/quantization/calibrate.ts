/**
 * Ranges of activations from float inference on calibration samples.
 *
 *   minmax         smallest and largest value seen
 *   movingAverage  exponential average over batches of the batch's smallest and largest value (weight 0.1 for the new batch)
 *   percentile     the central 99.99 % of a histogram
 *   mse            the clipping threshold with the least squared error of 8-bit rounding and clipping
 *   entropy        the threshold whose quantized histogram is nearest in relative entropy (Migacz, GTC 2017)
 */

import type { Calibration } from '../../compression-plan.ts';
import type { Graph } from '../../ir/graph.ts';
import type { Range } from './affine.ts';
import { type SampleSource, visitValues } from './float-inference.ts';
import { entropyRange, Histogram, mseRange, percentileRange } from './histogram.ts';

const MOVING_WEIGHT = 0.1;

/** Names of all float activations: graph inputs and node outputs. */
export function activationNames(graph: Graph): string[] {
  const names = [...graph.inputs.map((input) => input.name), ...graph.nodes.flatMap((node) => node.outputs)];
  return names.filter((name) => graph.values.get(name)?.dtype === 'float32');
}

function extremes(data: Float32Array): [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // Millions of numbers: an index is several times as fast as an iterator.
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

function minmax(
  graph: Graph,
  samples: SampleSource,
  names: readonly string[],
  weight: number | null,
): Map<string, Range> {
  const ranges = new Map<string, Range>();
  visitValues(graph, samples, names, (values) => {
    for (const [name, data] of values) {
      const [min, max] = extremes(data);
      const old = ranges.get(name);
      if (old === undefined) ranges.set(name, { min, max });
      else if (weight === null) ranges.set(name, { min: Math.min(old.min, min), max: Math.max(old.max, max) });
      else ranges.set(name, { min: old.min + weight * (min - old.min), max: old.max + weight * (max - old.max) });
    }
  });
  return ranges;
}

/** Ranges by value name. `values`: only these. */
export function calibrate(
  graph: Graph,
  samples: SampleSource,
  method: Calibration = 'minmax',
  values: readonly string[] = activationNames(graph),
): Map<string, Range> {
  const outer = minmax(graph, samples, values, method === 'movingAverage' ? MOVING_WEIGHT : null);
  if (method === 'minmax' || method === 'movingAverage') return outer;
  const histograms = new Map([...outer].map(([name, range]) => [name, new Histogram(range)]));
  visitValues(graph, samples, values, (batch) => {
    for (const [name, data] of batch) histograms.get(name)?.add(data);
  });
  const choose = { percentile: percentileRange, mse: mseRange, entropy: entropyRange }[method];
  return new Map([...histograms].map(([name, histogram]) => [name, choose(histogram)]));
}
