/** Accuracy of a quantized graph as the device computes it: integer operators, bit for bit. */
import type { Graph } from '../ir/graph.ts';
import { elementCount, tensor } from '../ir/tensor.ts';
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

export function evaluateInteger(
  graph: Graph,
  dataset: Dataset,
  options: IntegerEvaluateOptions = {},
): IntegerEvaluation {
  checkModelFits(graph, dataset);
  const split = takeSamples(dataset[options.split ?? 'test'], options.limit ?? Number.POSITIVE_INFINITY);
  const program = compileInteger(graph);
  const [input] = graph.inputs;
  const sample = new Float32Array(elementCount(dataset.inputShape));
  let right = 0;
  for (let index = 0; index < split.count; index++) {
    if (index % 64 === 0) options.signal?.throwIfAborted();
    writeSample(dataset, split, index, sample, 0);
    const [output] = program.run([tensor('float32', input.shape, sample)]);
    let best = 0;
    const { data } = output;
    for (let c = 1; c < data.length; c++) if (data[c] > data[best]) best = c;
    if (best === split.labels[index]) right++;
  }
  return { accuracy: right / split.count, count: split.count };
}
