/** Accuracy, loss and other metrics of a graph on a data set, in float. */
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { checkModelFits, type Dataset, type Split, takeSamples, writeSample } from './data/dataset.ts';
import type { EngineKind } from './engine.ts';
import { compileInference } from './inference-program.ts';
import { classAuc, meanSquaredError, topK } from './metrics.ts';

export interface EvaluateOptions {
  /** Samples per forward pass; default 64. */
  readonly batch?: number;
  /** At most this many samples. */
  readonly limit?: number;
  readonly split?: 'train' | 'test';
  readonly signal?: AbortSignal;
  readonly engine?: EngineKind;
}

export interface Evaluation {
  /** Share of samples whose largest output is their class. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly count: number;
}

export interface ClassMetrics extends Evaluation {
  /** Share of samples whose class is among the `k` largest outputs. */
  readonly topK: number;
  readonly k: number;
  /** Mean of one-against-rest areas under the ROC curve. */
  readonly auc: number;
}

const DEFAULT_BATCH = 64;
const DEFAULT_K = 5;

function endsInSoftmax(graph: Graph): boolean {
  const producer = graph.nodes.find((node) => node.outputs.includes(graph.outputs[0]));
  return producer?.op.kind === 'Softmax' && !producer.op.log;
}

/** Visits the outputs of every sample in order, [width] numbers each (a view that the next batch overwrites). */
export function forEachOutput(
  graph: Graph,
  dataset: Dataset,
  split: Split,
  options: {
    readonly batch: number;
    readonly signal?: AbortSignal | undefined;
    readonly engine?: EngineKind | undefined;
  },
  visit: (index: number, output: Float32Array, input: Float32Array) => void,
): void {
  const program = compileInference(graph, Math.min(options.batch, split.count), [], options.engine);
  const width = elementCount(dataset.inputShape);
  for (let start = 0; start < split.count; start += program.batch) {
    options.signal?.throwIfAborted();
    const count = Math.min(program.batch, split.count - start);
    for (let i = 0; i < count; i++) writeSample(dataset, split, start + i, program.input, i * width);
    program.run();
    for (let i = 0; i < count; i++) {
      const output = program.output.subarray(i * program.width, (i + 1) * program.width);
      visit(start + i, output, program.input.subarray(i * width, (i + 1) * width));
    }
  }
}

function logSumExp(values: Float32Array): number {
  const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

function chosenSplit(dataset: Dataset, options: EvaluateOptions): Split {
  return takeSamples(dataset[options.split ?? 'test'], options.limit ?? Number.POSITIVE_INFINITY);
}

function passOptions(options: EvaluateOptions) {
  return { batch: options.batch ?? DEFAULT_BATCH, signal: options.signal, engine: options.engine };
}

/** Float accuracy and loss. Throws DatasetError when model and data do not fit, and the signal's reason when aborted. */
export function evaluate(graph: Graph, dataset: Dataset, options: EvaluateOptions = {}): Evaluation {
  const { accuracy, loss, count } = evaluateOutputs(graph, dataset, options, undefined);
  return { accuracy, loss, count };
}

/** `evaluate` with top-k accuracy (default 5) and AUC. */
export function evaluateClasses(
  graph: Graph,
  dataset: Dataset,
  options: EvaluateOptions & { readonly k?: number } = {},
): ClassMetrics {
  const split = chosenSplit(dataset, options);
  const outputs = new Float32Array(split.count * dataset.classes);
  const evaluation = evaluateOutputs(graph, dataset, options, outputs);
  const k = Math.min(options.k ?? DEFAULT_K, dataset.classes);
  return {
    ...evaluation,
    k,
    topK: topK(outputs, dataset.classes, split.labels, k),
    auc: classAuc(outputs, dataset.classes, split.labels),
  };
}

function evaluateOutputs(
  graph: Graph,
  dataset: Dataset,
  options: EvaluateOptions,
  outputs: Float32Array | undefined,
): Evaluation {
  checkModelFits(graph, dataset);
  const split = chosenSplit(dataset, options);
  const probabilities = endsInSoftmax(graph);
  let right = 0;
  let loss = 0;
  forEachOutput(graph, dataset, split, passOptions(options), (index, output) => {
    outputs?.set(output, index * output.length);
    const label = split.labels[index];
    let best = 0;
    for (let c = 1; c < output.length; c++) if (output[c] > output[best]) best = c;
    if (best === label) right++;
    loss += probabilities ? -Math.log(Math.max(output[label], 1e-12)) : logSumExp(output) - output[label];
  });
  return { accuracy: right / split.count, loss: loss / split.count, count: split.count };
}

/** Mean squared error against the split's targets, or against the input itself (autoencoder). */
export function evaluateError(graph: Graph, dataset: Dataset, options: EvaluateOptions = {}): number {
  checkModelFits(graph, dataset, 'mse');
  const split = chosenSplit(dataset, options);
  let sum = 0;
  forEachOutput(graph, dataset, split, passOptions(options), (index, output, input) => {
    const target = split.targets?.subarray(index * output.length, (index + 1) * output.length) ?? input;
    sum += meanSquaredError(output, target);
  });
  return sum / split.count;
}
