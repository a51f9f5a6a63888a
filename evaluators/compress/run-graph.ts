/** Every value of a graph for given inputs, operator by operator with the reference implementations. */
import type { Graph } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import { definitionOf } from '../ops/registry.ts';

export function runGraph(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const values = new Map<string, Tensor>([...graph.initializers, ...inputs]);
  for (const node of graph.nodes) {
    const results = definitionOf(node.op.kind).run(
      node.op,
      node.inputs.map((name) => (name === '' ? undefined : values.get(name))),
    );
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, results[i]);
    });
  }
  return values;
}
