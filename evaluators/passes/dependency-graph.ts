/**
 * Which node has to run before which, without redundant edges: an edge that a longer path implies is left out (transitive reduction,
 * Aho, Garey and Ullman 1972). Schedulers then look at fewer edges.
 */
import type { Graph } from '../ir/graph.ts';

/** predecessors[i] = sorted indices of the nodes that node i needs directly. */
export type Predecessors = readonly (readonly number[])[];

/** All data dependencies between the nodes of `graph`, by index in `graph.nodes`. */
export function dataDependencies(graph: Graph): Predecessors {
  const producer = new Map<string, number>();
  graph.nodes.forEach((node, i) => {
    for (const name of node.outputs) if (name !== '') producer.set(name, i);
  });
  return graph.nodes.map(({ inputs }) => {
    const needed = inputs.map((name) => producer.get(name)).filter((index) => index !== undefined);
    return [...new Set(needed)].sort((a, b) => a - b);
  });
}

/** The fewest edges with the same reachability. Needs topological numbering: every predecessor is smaller than its node. */
export function transitiveReduction(predecessors: Predecessors): Predecessors {
  const words = Math.ceil(predecessors.length / 32);
  const ancestors: Uint32Array[] = [];
  return predecessors.map((direct) => {
    const all = new Uint32Array(words);
    // Nearest first: a farther predecessor is redundant when a nearer one already has it as ancestor.
    const kept = direct.toReversed().filter((index) => {
      if ((all[index >> 5] >>> (index & 31)) & 1) return false;
      const above = ancestors[index];
      for (let word = 0; word < words; word++) all[word] |= above[word];
      all[index >> 5] |= 1 << (index & 31);
      return true;
    });
    ancestors.push(all);
    return kept.reverse();
  });
}
