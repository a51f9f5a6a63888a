/** Accuracy and loss of a graph on a data set, in float. */
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { checkModelFits, type Dataset, type Split, takeSamples, writeSample } from './data/dataset.ts';
import { compileInference } from './training-program.ts';

export interface EvaluateOptions {
  /** Samples per forward pass; default 64. */
  readonly batch?: number;
  /** At most this many samples. */
  readonly limit?: number;
  readonly split?: 'train' | 'test';
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  /** Share of samples whose largest output is their class. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly count: number;
}

function endsInSoftmax(graph: Graph): boolean {
  const producer = graph.nodes.find((node) => node.outputs.includes(graph.outputs[0]));
  return producer?.op.kind === 'Softmax' && !producer.op.log;
}

/** Visits the outputs of every sample in order, [width] numbers each (a view that the next batch overwrites). */
export function forEachOutput(
  graph: Graph,
  dataset: Dataset,
  split: Split,
  options: { readonly batch: number; readonly signal?: AbortSignal | undefined },
  visit: (index: number, output: Float32Array) => void,
): void {
  const program = compileInference(graph, Math.min(options.batch, split.count));
  const width = elementCount(dataset.inputShape);
  for (let start = 0; start < split.count; start += program.batch) {
    options.signal?.throwIfAborted();
    const count = Math.min(program.batch, split.count - start);
    for (let i = 0; i < count; i++) writeSample(dataset, split, start + i, program.input, i * width);
    program.run();
    for (let i = 0; i < count; i++) {
      visit(start + i, program.output.subarray(i * program.width, (i + 1) * program.width));
    }
  }
}

function logSumExp(values: Float32Array): number {
  const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/** Float accuracy and loss. Throws DatasetError when model and data do not fit, and the signal's reason when aborted. */
export function evaluate(graph: Graph, dataset: Dataset, options: EvaluateOptions = {}): Evaluation {
  checkModelFits(graph, dataset);
  const split = takeSamples(dataset[options.split ?? 'test'], options.limit ?? Number.POSITIVE_INFINITY);
  const probabilities = endsInSoftmax(graph);
  let right = 0;
  let loss = 0;
  forEachOutput(graph, dataset, split, { batch: options.batch ?? 64, signal: options.signal }, (index, output) => {
    const label = split.labels[index];
    let best = 0;
    for (let c = 1; c < output.length; c++) if (output[c] > output[best]) best = c;
    if (best === label) right++;
    loss += probabilities ? -Math.log(Math.max(output[label], 1e-12)) : logSumExp(output) - output[label];
  });
  return { accuracy: right / split.count, loss: loss / split.count, count: split.count };
}
