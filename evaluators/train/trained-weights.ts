/** What a training changed in a network: its new float initializers by name. */
import type { Graph } from '../ir/graph.ts';
import { tensor } from '../ir/tensor.ts';

export function changedWeights(before: Graph, after: Graph): Map<string, Float32Array> {
  const changed = new Map<string, Float32Array>();
  for (const [name, { data }] of after.initializers) {
    if (data instanceof Float32Array && data !== before.initializers.get(name)?.data) changed.set(name, data);
  }
  return changed;
}

/** The network with other numbers in the initializers named; shapes stay. */
export function withWeights(graph: Graph, weights: Iterable<readonly [string, Float32Array]>): Graph {
  const initializers = new Map(graph.initializers);
  for (const [name, data] of weights) {
    const old = initializers.get(name);
    if (old !== undefined) initializers.set(name, tensor('float32', old.shape, data));
  }
  return { ...graph, initializers };
}
