/**
 * Weights kept in a smaller form and turned into float32 where they are used: float16 behind a Cast, or a codebook of shared values
 * (k-means, Han et al., "Deep Compression", ICLR 2016) behind a Gather. The arithmetic stays float.
 */
import type { Graph, Node, ValueInfo } from '../../ir/graph.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import { uniqueName, valueNames } from '../graph-edit.ts';

/** Shared values per tensor: an index is one byte. */
const CODES = 256;
/** For tensors of fewer weights than this a long table costs more than it saves. */
const SMALL_TENSOR = 1024;
const FEW_CODES = 64;
const ITERATIONS = 25;

/** Float weights of a layer worth storing smaller: matrices and kernels. */
function weightNames(graph: Graph, wanted: (node: Node) => boolean): Set<string> {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (!wanted(node)) continue;
    for (const name of node.inputs) {
      const value = graph.initializers.get(name);
      if (value?.dtype === 'float32' && value.shape.length >= 2 && !graph.outputs.includes(name)) names.add(name);
    }
  }
  return names;
}

interface Stored {
  readonly constants: readonly (readonly [string, Tensor])[];
  readonly nodes: readonly Node[];
  readonly values: readonly ValueInfo[];
}

function withStored(
  graph: Graph,
  names: ReadonlySet<string>,
  make: (name: string, value: Tensor, output: string) => Stored,
): Graph {
  const taken = valueNames(graph);
  const initializers = new Map(graph.initializers);
  const values = new Map(graph.values);
  const before: Node[] = [];
  const renamed = new Map<string, string>();
  for (const name of names) {
    const value = graph.initializers.get(name);
    if (value === undefined) continue;
    const output = uniqueName(`${name}_float`, taken);
    const stored = make(name, value, output);
    initializers.delete(name);
    values.delete(name);
    for (const [constant, content] of stored.constants) {
      initializers.set(constant, content);
      values.set(constant, { name: constant, dtype: content.dtype, shape: content.shape });
    }
    for (const info of stored.values) values.set(info.name, info);
    before.push(...stored.nodes);
    renamed.set(name, output);
  }
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((input) => renamed.get(input) ?? input),
  }));
  return { ...graph, nodes: [...before, ...nodes], initializers, values };
}

/** Weights of the wanted layers as float16. */
export function float16Weights(graph: Graph, wanted: (node: Node) => boolean = () => true): Graph {
  return withStored(graph, weightNames(graph, wanted), (name, value, output) => {
    const half = `${name}_half`;
    const data = Float16Array.from({ length: value.data.length }, (_, i) => Number(value.data[i]));
    return {
      constants: [[half, tensor('float16', value.shape, data)]],
      nodes: [
        {
          name: `${output}_cast`,
          op: { kind: 'Cast', to: 'float32', saturate: true },
          inputs: [half],
          outputs: [output],
        },
      ],
      values: [{ name: output, dtype: 'float32', shape: value.shape }],
    };
  });
}

export interface Codebook {
  readonly values: Float32Array;
  readonly indices: Uint8Array;
}

/**
 * k-means of numbers, started evenly over their range, so that the few large weights, which matter most, get values of their own (Han et al.,
 * Sec. 3.2); zero keeps a code of its own, so that pruned weights stay zero.
 */
export function codebookOf(weights: ArrayLike<number>, codes: number): Codebook {
  const sorted = Float64Array.from(weights).sort();
  const distinct = new Set(sorted);
  const hasZero = distinct.has(0);
  const count = Math.min(codes, distinct.size);
  let centres =
    distinct.size <= codes
      ? Float64Array.from(distinct).sort()
      : Float64Array.from(
          { length: count },
          (_, i) => sorted[0] + ((sorted[sorted.length - 1] - sorted[0]) * i) / (count - 1),
        );
  for (let round = 0; round < ITERATIONS && distinct.size > codes; round++) centres = refine(sorted, centres);
  if (hasZero && !centres.includes(0)) centres[nearest(centres, 0)] = 0;
  const values = Float32Array.from(centres);
  return { values, indices: Uint8Array.from({ length: weights.length }, (_, i) => nearest(centres, weights[i])) };
}

/** One step of Lloyd's algorithm on sorted numbers. */
function refine(sorted: Float64Array, centres: Float64Array): Float64Array<ArrayBuffer> {
  const next = Float64Array.from(centres);
  let start = 0;
  for (let c = 0; c < centres.length; c++) {
    const limit = c + 1 < centres.length ? (centres[c] + centres[c + 1]) / 2 : Number.POSITIVE_INFINITY;
    let [end, sum] = [start, 0];
    while (end < sorted.length && sorted[end] <= limit) sum += sorted[end++];
    if (end > start) next[c] = sum / (end - start);
    start = end;
  }
  return next;
}

function nearest(centres: Float64Array, value: number): number {
  let [low, high] = [0, centres.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (centres[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - centres[low - 1] <= centres[low] - value ? low - 1 : low;
}

/** Weights of the wanted layers as indices into a table of `size` shared values: unless given, 64 for small tensors, else 256. */
export function codebookWeights(graph: Graph, wanted: (node: Node) => boolean = () => true, size?: number): Graph {
  return withStored(graph, weightNames(graph, wanted), (name, value, output) => {
    const { values, indices } = codebookOf(
      value.data as Float32Array,
      size ?? (value.data.length < SMALL_TENSOR ? FEW_CODES : CODES),
    );
    const [book, index, wide] = [`${name}_codebook`, `${name}_codes`, `${name}_codes_wide`];
    return {
      constants: [
        [book, tensor('float32', [values.length], values)],
        [index, tensor('uint8', value.shape, indices)],
      ],
      nodes: [
        { name: `${wide}_cast`, op: { kind: 'Cast', to: 'int32', saturate: true }, inputs: [index], outputs: [wide] },
        { name: `${output}_gather`, op: { kind: 'Gather', axis: 0 }, inputs: [book, wide], outputs: [output] },
      ],
      values: [
        { name: wide, dtype: 'int32', shape: value.shape },
        { name: output, dtype: 'float32', shape: value.shape },
      ],
    };
  });
}
