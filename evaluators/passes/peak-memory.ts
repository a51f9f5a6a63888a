/**
 * Bytes of activations that are alive at once when the nodes of a graph run in order. Constants do not count; a Reshape shares the
 * buffer of its input; graph inputs are alive from the start until their last reader, outputs until the end.
 */
import { storedBytes } from '../ir/dtype.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';

export interface Buffers {
  /** Bytes of each buffer. */
  readonly bytes: readonly number[];
  /** Buffers that node i reads, each once. */
  readonly reads: readonly (readonly number[])[];
  /** Buffers that node i creates. */
  readonly writes: readonly (readonly number[])[];
  /** How many nodes read each buffer; outputs of the graph count as one reader that never comes. */
  readonly readers: readonly number[];
  /** Buffers of the graph's inputs. */
  readonly inputs: readonly number[];
}

export function buffersOf(graph: Graph): Buffers {
  const bytes: number[] = [];
  const readers: number[] = [];
  const bufferOf = new Map<string, number>();
  const create = (name: string): number => {
    const info = graph.values.get(name);
    bytes.push(info === undefined ? 0 : storedBytes(info.dtype, elementCount(info.shape)));
    readers.push(0);
    bufferOf.set(name, bytes.length - 1);
    return bytes.length - 1;
  };
  const inputs = graph.inputs.map(({ name }) => create(name));
  const reads: number[][] = [];
  const writes: number[][] = [];
  for (const node of graph.nodes) {
    const read = new Set(node.inputs.map((name) => bufferOf.get(name)).filter((buffer) => buffer !== undefined));
    for (const buffer of read) readers[buffer]++;
    reads.push([...read]);
    writes.push(createOutputs(node));
  }
  for (const name of new Set(graph.outputs)) {
    const buffer = bufferOf.get(name);
    if (buffer !== undefined) readers[buffer]++;
  }
  return { bytes, reads, writes, readers, inputs };

  function createOutputs(node: Node): number[] {
    const shared = node.op.kind === 'Reshape' ? bufferOf.get(node.inputs[0]) : undefined;
    if (shared === undefined) return node.outputs.filter((name) => name !== '').map(create);
    bufferOf.set(node.outputs[0], shared);
    return [];
  }
}

/** Largest sum of bytes alive while the nodes run in the order `order` (indices; the graph's own order when left out). */
export function peakBytes(graph: Graph, order: readonly number[] = graph.nodes.map((_, i) => i)): number {
  const { bytes, reads, writes, readers, inputs } = buffersOf(graph);
  const left = [...readers];
  let alive = inputs.reduce((sum, buffer) => sum + bytes[buffer], 0);
  let peak = alive;
  for (const i of order) {
    for (const buffer of writes[i]) alive += bytes[buffer];
    peak = Math.max(peak, alive);
    for (const buffer of reads[i]) if (--left[buffer] === 0) alive -= bytes[buffer];
    // A result that nobody reads is gone at once.
    for (const buffer of writes[i]) if (left[buffer] === 0) alive -= bytes[buffer];
  }
  return peak;
}
