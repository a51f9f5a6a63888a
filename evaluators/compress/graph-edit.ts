/** Small, pure operations on graphs that the compression passes share: who makes a value, who uses it, rebuilding a graph. */
import type { Graph, Node, ValueInfo } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';

/** Value name -> the node that makes it. */
export function producersOf(graph: Graph): Map<string, Node> {
  const result = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') result.set(output, node);
  return result;
}

/** Value name -> the nodes that read it, once per use. */
export function consumersOf(graph: Graph): Map<string, Node[]> {
  const result = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input === '') continue;
      const list = result.get(input);
      if (list === undefined) result.set(input, [node]);
      else list.push(node);
    }
  }
  return result;
}

/** A name that is not in `taken`; the result is added to it. */
export function uniqueName(base: string, taken: Set<string>): string {
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  taken.add(name);
  return name;
}

/** All value names of a graph. */
export function valueNames(graph: Graph): Set<string> {
  return new Set([...graph.values.keys(), ...graph.initializers.keys()]);
}

/** Nodes that contribute to an output, in their old order. */
export function liveNodes(nodes: readonly Node[], outputs: readonly string[]): Node[] {
  const needed = new Set(outputs);
  const kept: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  return kept.reverse();
}

export interface GraphParts {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Types of values that `graph.values` does not have, or has otherwise. */
  readonly values?: Iterable<ValueInfo>;
}

/** `graph` with other nodes and constants; what no output needs is dropped. */
export function rebuild(graph: Graph, parts: GraphParts): Graph {
  const nodes = liveNodes(parts.nodes, graph.outputs);
  const used = new Set<string>(graph.outputs);
  for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) used.add(name);
  const initializers = new Map([...parts.initializers].filter(([name]) => used.has(name)));
  const types = new Map(graph.values);
  for (const value of parts.values ?? []) types.set(value.name, value);
  for (const [name, { dtype, shape }] of initializers) types.set(name, { name, dtype, shape });
  const inputs = new Set(graph.inputs.map((input) => input.name));
  const values = new Map([...types].filter(([name]) => used.has(name) || inputs.has(name)));
  return { ...graph, nodes, initializers, values };
}

/** The type of a value; throws when the graph does not know it. */
export function valueInfo(graph: Graph, name: string): ValueInfo {
  const value = graph.values.get(name);
  if (value !== undefined) return value;
  const constant = graph.initializers.get(name);
  if (constant !== undefined) return { name, dtype: constant.dtype, shape: constant.shape };
  throw new Error(`graph "${graph.name}" has no value "${name}"`);
}
