/** Nodes in an order in which every value is made before it is read; as near to the given order as that allows. */
import type { Node } from '../ir/graph.ts';

/** undefined when the nodes depend on each other in a circle. Values that no node makes count as given. */
export function topologicalOrder(nodes: readonly Node[]): Node[] | undefined {
  const producer = new Map<string, Node>();
  for (const node of nodes) for (const name of node.outputs) if (name !== '') producer.set(name, node);
  const state = new Map<Node, 'begun' | 'done'>();
  const order: Node[] = [];
  for (const root of nodes) {
    // A stack instead of recursion: unrolled loops are thousands of nodes deep.
    const path = [root];
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      if (state.get(node) === 'done') {
        path.pop();
        continue;
      }
      const waiting = node.inputs
        .flatMap((name) => producer.get(name) ?? [])
        .filter((each) => state.get(each) !== 'done');
      if (waiting.length === 0) {
        state.set(node, 'done');
        order.push(node);
        path.pop();
      } else if (state.get(node) === 'begun' && waiting.some((each) => state.get(each) === 'begun')) {
        return undefined;
      } else {
        state.set(node, 'begun');
        path.push(waiting[0]);
      }
    }
  }
  return order;
}
