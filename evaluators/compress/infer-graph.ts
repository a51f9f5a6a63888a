/** Types and shapes of every value of a graph, computed anew from its inputs, constants and operators. */
import type { Graph, ValueInfo } from '../ir/graph.ts';
import type { TensorType } from '../ops/op-definition.ts';
import { definitionOf } from '../ops/registry.ts';

export function inferGraph(graph: Graph): Graph {
  const values = new Map<string, ValueInfo>(graph.inputs.map((input) => [input.name, input]));
  for (const [name, { dtype, shape }] of graph.initializers) values.set(name, { name, dtype, shape });
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name): TensorType | undefined => {
      if (name === '') return undefined;
      const value = values.get(name);
      if (value === undefined) throw new Error(`"${node.name}" reads "${name}" before it is computed`);
      return value;
    });
    const types = definitionOf(node.op.kind).inferShape(node.op, inputs);
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, { name, dtype: types[i].dtype, shape: types[i].shape });
    });
  }
  return { ...graph, values };
}
