/**
 * The reference interpreter: runs a graph node by node with the plain implementations of ops/. Slow but simple; every faster
 * engine and the generated C are compared with it.
 */
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { runOp } from './evaluate-node.ts';
import { InputValueError, shapeText } from './operator.ts';

export interface InterpretOptions {
  /** Values to return besides the graph's outputs: names, or 'all'. */
  readonly keep?: ReadonlySet<string> | 'all';
  /** Called after each node with its output tensors, in the node's order. */
  readonly onNode?: (node: Node, outputs: readonly Tensor[]) => void;
}

/** How often each value is read, so that tensors can be dropped after their last reader. */
function countReaders(graph: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  for (const { inputs } of graph.nodes) for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

function checkedFeeds(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const values = new Map<string, Tensor>(graph.initializers);
  for (const { name, dtype, shape } of graph.inputs) {
    const feed = feeds.get(name);
    if (feed === undefined) throw new Error(`input ${JSON.stringify(name)} (${dtype} ${shapeText(shape)}) is missing`);
    const fits =
      feed.dtype === dtype && feed.shape.length === shape.length && shape.every((s, i) => s === feed.shape[i]);
    if (!fits || feed.data.length !== elementCount(shape)) {
      throw new Error(
        `input ${JSON.stringify(name)} must be ${dtype} ${shapeText(shape)}, got ${feed.dtype} ${shapeText(feed.shape)}`,
      );
    }
    values.set(name, feed);
  }
  return values;
}

/** Runs `graph`; the result has its outputs by name, and the values asked for with `keep`. Feeds may hold more than is needed. */
export function interpret(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  options: InterpretOptions = {},
): Map<string, Tensor> {
  const { keep } = options;
  const values = checkedFeeds(graph, feeds);
  const wanted = new Set([...graph.outputs, ...(keep === undefined || keep === 'all' ? [] : keep)]);
  const readers = countReaders(graph);
  const results = new Map<string, Tensor>();
  for (const node of graph.nodes) {
    const outputs = runNode(node, values);
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, outputs[i]);
      if (name !== '' && keep === 'all') results.set(name, outputs[i]);
    });
    options.onNode?.(node, outputs);
    for (const name of node.inputs) {
      const left = (readers.get(name) ?? 1) - 1;
      readers.set(name, left);
      if (left === 0 && !wanted.has(name)) values.delete(name);
    }
  }
  for (const name of wanted) {
    const value = values.get(name);
    if (value === undefined) throw new Error(`value ${JSON.stringify(name)} is not computed by the graph`);
    results.set(name, value);
  }
  return results;
}

function runNode(node: Node, values: ReadonlyMap<string, Tensor>): readonly Tensor[] {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
  try {
    return runOp(node.op, inputs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `node ${JSON.stringify(node.name)} (${node.op.kind}): ${reason}`;
    throw error instanceof InputValueError ? new InputValueError(text) : new Error(text, { cause: error });
  }
}
