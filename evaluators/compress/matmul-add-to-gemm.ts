/** MatMul of a matrix with a constant, then Add of a constant row: one Gemm, which has an integer kernel with an int32 bias. */
import type { Graph, Node } from '../ir/graph.ts';
import { consumersOf, producersOf, rebuild, valueInfo } from './graph-edit.ts';

export function matMulAddToGemm(graph: Graph): Graph {
  const consumers = consumersOf(graph);
  const producers = producersOf(graph);
  const isConstant = (name: string): boolean => {
    if (graph.initializers.has(name)) return true;
    const producer = producers.get(name);
    return producer?.op.kind === 'DequantizeLinear' && graph.initializers.has(producer.inputs[0]);
  };
  const replaced = new Map<Node, Node>();
  for (const node of graph.nodes) {
    if (node.op.kind !== 'MatMul' || node.op.clamp !== undefined) continue;
    const [a, b] = node.inputs;
    const [next, ...others] = consumers.get(node.outputs[0]) ?? [];
    if (next?.op.kind !== 'Binary' || next.op.fn !== 'Add' || others.length > 0) continue;
    if (graph.outputs.includes(node.outputs[0]) || !isConstant(b)) continue;
    const addend = next.inputs[0] === node.outputs[0] ? next.inputs[1] : next.inputs[0];
    const [aShape, bShape, row] = [a, b, addend].map((name) => valueInfo(graph, name).shape);
    if (aShape.length !== 2 || bShape.length !== 2 || !isConstant(addend)) continue;
    if (row.length !== 1 || row[0] !== bShape[1]) continue;
    const { clamp } = next.op;
    const op = { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: false } as const;
    replaced.set(next, {
      name: node.name,
      op: clamp === undefined ? op : { ...op, clamp },
      inputs: [a, b, addend],
      outputs: next.outputs,
    });
  }
  if (replaced.size === 0) return graph;
  const nodes = graph.nodes.map((node) => replaced.get(node) ?? node);
  return rebuild(graph, { nodes, initializers: graph.initializers });
}
