/**
 * Gradients of every trainable weight over training samples, for heuristics that ask what the network would lose.
 *
 *   loss    gradient of the mean cross-entropy of a batch
 *   answer  gradient of the true class's output, sample by sample. In a network of ReLU layers, weight · gradient summed over a
 *           unit's weights and bias is the unit's activation · gradient, i.e. its LRP-0 relevance (Ancona et al., ICLR 2018)
 */
import type { Graph } from '../ir/graph.ts';
import { type Dataset, takeSamples, writeSample } from '../train/data/dataset.ts';
import { compileTraining } from '../train/training-program.ts';

export interface GradientRequest {
  readonly of: 'loss' | 'answer';
  readonly samples: number;
  readonly signal?: AbortSignal;
}

/** `visit` sees weights and gradients by initializer name: views that the next batch overwrites. */
export function visitGradients(
  graph: Graph,
  dataset: Dataset,
  request: GradientRequest,
  visit: (weights: ReadonlyMap<string, Float32Array>, gradients: ReadonlyMap<string, Float32Array>) => void,
): void {
  const split = takeSamples(dataset.train, request.samples);
  const answer = request.of === 'answer';
  const batch = answer ? 1 : Math.min(32, split.count);
  const program = compileTraining(answer ? withoutSoftmax(graph) : graph, {
    batch,
    batchNorm: 'frozen',
    loss: answer ? 'mse' : 'crossEntropy',
  });
  const width = program.input.length / batch;
  for (let first = 0; first + batch <= split.count; first += batch) {
    request.signal?.throwIfAborted();
    program.target.fill(0);
    for (let i = 0; i < batch; i++) {
      writeSample(dataset, split, first + i, program.input, i * width);
      program.target[i * program.classes + split.labels[first + i]] = 1;
    }
    program.forward();
    if (answer) {
      // A squared error to (output - one-hot) has the gradient of the true class's output, up to a positive factor.
      for (let c = 0; c < program.classes; c++) program.target[c] = program.output[c] - program.target[c];
      program.forward();
    }
    program.backward();
    visit(program.weights, program.gradients);
  }
}

function withoutSoftmax(graph: Graph): Graph {
  const last = graph.nodes.find((node) => node.outputs.includes(graph.outputs[0]));
  if (last?.op.kind !== 'Softmax') return graph;
  return { ...graph, nodes: graph.nodes.filter((node) => node !== last), outputs: [last.inputs[0]] };
}
