/**
 * Training likes inputs of size 1; a network that takes raw pixels has first weights so small that steps fit for the other layers throw them
 * off. Inputs divided by a power of two and first weights multiplied by it are the same network, to the last bit.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { tensor } from '../../ir/tensor.ts';
import type { Dataset } from '../../train/data/dataset.ts';
import type { Range } from './affine.ts';

/** The power of two nearest to the largest input; 1 where the inputs are of size 1 already. */
export function inputScale({ min, max }: Range): number {
  const largest = Math.max(-min, max);
  if (!(largest > 0) || (largest > 1 / 8 && largest < 8)) return 1;
  return 2 ** Math.round(Math.log2(largest));
}

function isLinear({ op }: Node): boolean {
  return op.kind === 'Conv' || op.kind === 'MatMul' || (op.kind === 'Gemm' && !op.transA);
}

/** Names of the weights that the input is multiplied with; null when something else reads the input, or others read the weights. */
function firstWeights(graph: Graph): string[] | null {
  const [{ name: input }] = graph.inputs;
  const readers = graph.nodes.filter((node) => node.inputs.includes(input));
  const names = readers.map((node) => (isLinear(node) && node.inputs[0] === input ? node.inputs[1] : ''));
  const uses = new Map<string, number>();
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const isOwn = (name: string): boolean => graph.initializers.get(name)?.dtype === 'float32' && uses.get(name) === 1;
  return names.every(isOwn) && !graph.outputs.includes(input) ? names : null;
}

/** The network for inputs divided by `scale`; null when that takes more than other first weights. */
export function forScaledInput(graph: Graph, scale: number): Graph | null {
  const names = firstWeights(graph);
  if (names === null) return null;
  const initializers = new Map(graph.initializers);
  for (const name of names) {
    const weight = initializers.get(name);
    if (weight === undefined) continue;
    const data = Float32Array.from(weight.data as Float32Array, (value) => value * scale);
    initializers.set(name, tensor('float32', weight.shape, data));
  }
  return { ...graph, initializers };
}

export function firstWeightNames(graph: Graph): ReadonlySet<string> {
  return new Set(firstWeights(graph));
}

/** The data set with inputs divided by `scale`. */
export function withScaledInput(dataset: Dataset, scale: number): Dataset {
  const { normalisation } = dataset;
  const mean = normalisation.mean.map((value) => value / scale);
  return { ...dataset, normalisation: { scale: normalisation.scale / scale, mean, std: normalisation.std } };
}
