/** Accuracy of a quantized graph as the device computes it: integer operators, bit for bit. */
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { checkModelFits, type Dataset, takeSamples, writeSample } from '../train/data/dataset.ts';
import { compileInteger } from './integer-engine/integer-program.ts';

export interface IntegerEvaluateOptions {
  /** At most this many samples of the split. */
  readonly limit?: number;
  readonly split?: 'train' | 'test';
  readonly signal?: AbortSignal;
}

export interface IntegerEvaluation {
  /** Share of samples whose largest output is their class (the first of equals). */
  readonly accuracy: number;
  readonly count: number;
}

function largestIndex(values: ArrayLike<number | bigint>, start: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[start + c] > values[start + best]) best = c;
  return best;
}

export function evaluateInteger(
  graph: Graph,
  dataset: Dataset,
  options: IntegerEvaluateOptions = {},
): IntegerEvaluation {
  checkModelFits(graph, dataset);
  const split = takeSamples(dataset[options.split ?? 'test'], options.limit ?? Number.POSITIVE_INFINITY);
  const { batch, input, output, width, runBatch } = compileInteger(graph, { float: 'engine' });
  if (!(input instanceof Float32Array)) throw new Error('the network must take float32 samples');
  const size = elementCount(dataset.inputShape);
  let right = 0;
  for (let first = 0; first < split.count; first += batch) {
    options.signal?.throwIfAborted();
    const count = Math.min(batch, split.count - first);
    for (let i = 0; i < count; i++) writeSample(dataset, split, first + i, input, i * size);
    runBatch(count);
    for (let i = 0; i < count; i++) {
      if (largestIndex(output, i * width, width) === split.labels[first + i]) right++;
    }
  }
  return { accuracy: right / split.count, count: split.count };
}
