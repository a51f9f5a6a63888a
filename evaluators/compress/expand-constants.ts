/**
 * Computes every (wanted) node that reads only constants, whatever the size of its result: stored weights become the float values they
 * stand for.
 */
import type { Graph, Node } from '../ir/graph.ts';
import { definitionOf } from '../ops/registry.ts';
import { rebuild } from './graph-edit.ts';

export function expandConstants(graph: Graph, wanted: (node: Node) => boolean = () => true): Graph {
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.filter((name) => name !== '');
    if (!wanted(node) || inputs.length === 0 || !inputs.every((name) => initializers.has(name))) {
      nodes.push(node);
      continue;
    }
    const results = definitionOf(node.op.kind).run(
      node.op,
      node.inputs.map((name) => initializers.get(name)),
    );
    node.outputs.forEach((name, i) => {
      if (name !== '') initializers.set(name, results[i]);
    });
  }
  return rebuild(graph, { nodes, initializers });
}
