/** Order of nodes: ONNX asks for topological order; files that break the rule but have no cycle are sorted. */
import type { GraphProto, NodeProto } from './generated/onnx_pb.js';
import { ProblemFound } from './import-error.ts';

/** Every value that a node reads, those of its subgraphs included. */
function readsOf(node: NodeProto, depth: number, reads: Set<string> = new Set()): Set<string> {
  for (const name of node.input) if (name !== '') reads.add(name);
  if (depth <= 0) return reads;
  for (const { g, graphs } of node.attribute) {
    for (const graph of g === undefined ? graphs : [g, ...graphs]) readsOfGraph(graph, depth - 1, reads);
  }
  return reads;
}

function readsOfGraph(graph: GraphProto, depth: number, reads: Set<string>): void {
  for (const node of graph.node) readsOf(node, depth, reads);
  for (const output of graph.output) reads.add(output.name);
}

/** The nodes in an order in which every value is produced before it is read. Throws `ProblemFound` when there is a cycle. */
export function orderNodes(nodes: readonly NodeProto[], nesting: number): readonly NodeProto[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const name of node.output) {
      if (name === '') continue;
      if (producer.has(name))
        throw new ProblemFound(
          'BAD_GRAPH',
          `value ${JSON.stringify(name)} is produced by two nodes`,
          'Export the model again.',
        );
      producer.set(name, i);
    }
  });
  const waiting = new Int32Array(nodes.length);
  const followers: number[][] = nodes.map(() => []);
  nodes.forEach((node, i) => {
    for (const name of readsOf(node, nesting)) {
      const source = producer.get(name);
      if (source === undefined) continue;
      waiting[i]++;
      followers[source].push(i);
    }
  });
  const order: NodeProto[] = [];
  let ready = nodes.map((_, i) => i).filter((i) => waiting[i] === 0);
  while (ready.length > 0) {
    const next: number[] = [];
    for (const i of ready) {
      order.push(nodes[i]);
      for (const follower of followers[i]) if (--waiting[follower] === 0) next.push(follower);
    }
    ready = next.sort((a, b) => a - b);
  }
  if (order.length === nodes.length) return isSorted(nodes, producer, nesting) ? nodes : order;
  const stuck = nodes.filter((_, i) => waiting[i] > 0).slice(0, 5);
  const names = stuck.map((node) => JSON.stringify(node.name || node.opType)).join(', ');
  throw new ProblemFound(
    'BAD_GRAPH',
    `the graph has a cycle through ${names}`,
    'Export the model again: a network must be free of cycles.',
  );
}

function isSorted(nodes: readonly NodeProto[], producer: ReadonlyMap<string, number>, nesting: number): boolean {
  return nodes.every((node, i) => [...readsOf(node, nesting)].every((name) => (producer.get(name) ?? -1) < i));
}
