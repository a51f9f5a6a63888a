/**
 * Cross-layer equalization (Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019,
 * Sec. 4.1): between two layers with only positively homogeneous operators, channel c can be divided by s_c and the next layer's inputs
 * multiplied by it. With r1, r2 the largest weights of channel c on both sides, s_c = sqrt(r1 / r2) makes both ranges sqrt(r1 · r2).
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import { consumersOf, valueInfo } from '../graph-edit.ts';

const SWEEPS = 4;
/** Channels whose scale would leave this range are dead or extreme; they stay. */
const LARGEST_SCALE = 1e3;

interface Pair {
  readonly first: Node;
  readonly second: Node;
}

function isLinear(node: Node): boolean {
  return (
    (node.op.kind === 'Conv' || (node.op.kind === 'Gemm' && node.op.alpha === 1 && node.op.beta === 1)) &&
    clampIsHomogeneous(node)
  );
}

/** Without an activation, or with a Relu folded in. */
function clampIsHomogeneous({ op }: Node): boolean {
  if (!('clamp' in op) || op.clamp === undefined) return true;
  return op.clamp.min === 0 && op.clamp.max === Number.POSITIVE_INFINITY;
}

function isHomogeneous({ op }: Node): boolean {
  if (op.kind === 'Unary') return op.fn === 'Relu' || op.fn === 'LeakyRelu';
  return op.kind === 'MaxPool' || op.kind === 'AveragePool' || op.kind === 'GlobalPool' || op.kind === 'Reshape';
}

/** Layers that feed exactly one other layer through operators that let a channel's scale pass. */
function pairsOf(graph: Graph): Pair[] {
  const consumers = consumersOf(graph);
  return graph.nodes.flatMap((first): Pair[] => {
    if (!isLinear(first)) return [];
    let at: Node = first;
    for (;;) {
      const value = at.outputs[0];
      const [next, ...others] = consumers.get(value) ?? [];
      if (next === undefined || others.length > 0 || graph.outputs.includes(value) || next.inputs[0] !== value)
        return [];
      if (next.op.kind === 'Conv' || next.op.kind === 'Gemm') {
        const linear = next.op.kind === 'Conv' || (next.op.alpha === 1 && next.op.beta === 1 && !next.op.transA);
        return linear && first !== next ? [{ first, second: next }] : [];
      }
      if (!isHomogeneous(next)) return [];
      at = next;
    }
  });
}

/** Output structure of each weight of a layer. */
function outputOf(node: Node, shape: readonly number[]): (i: number) => number {
  const axis = node.op.kind === 'Gemm' && !node.op.transB ? 1 : 0;
  const inner = elementCount(shape.slice(axis + 1));
  return (i) => Math.floor(i / inner) % shape[axis];
}

/** Channel of the first layer that each weight of the second reads. */
function inputOf(graph: Graph, node: Node, shape: readonly number[], channels: number): (i: number) => number {
  if (node.op.kind === 'Conv') {
    const inner = elementCount(shape.slice(2));
    const perGroup = shape[1];
    const outputsPerGroup = shape[0] / node.op.group;
    return (i) => {
      const output = Math.floor(i / (inner * perGroup));
      return Math.floor(output / outputsPerGroup) * perGroup + (Math.floor(i / inner) % perGroup);
    };
  }
  const transposed = node.op.kind === 'Gemm' && node.op.transB;
  const features = valueInfo(graph, node.inputs[0]).shape.at(-1) ?? channels;
  const spread = features / channels;
  return transposed ? (i) => Math.floor((i % features) / spread) : (i) => Math.floor(Math.floor(i / shape[1]) / spread);
}

function largest(weight: Tensor, at: (i: number) => number, channels: number): Float64Array {
  const result = new Float64Array(channels);
  for (let i = 0; i < weight.data.length; i++) {
    const c = at(i);
    result[c] = Math.max(result[c], Math.abs(Number(weight.data[i])));
  }
  return result;
}

function scaled(value: Tensor, factor: (i: number) => number): Tensor {
  return tensor(
    'float32',
    value.shape,
    Float32Array.from({ length: value.data.length }, (_, i) => Number(value.data[i]) * factor(i)),
  );
}

/** An equal network whose neighbouring layers have weights of similar size per channel. BatchNormalization has to be folded. */
export function equalize(graph: Graph): Graph {
  const pairs = pairsOf(graph);
  const uses = new Map<string, number>();
  for (const node of graph.nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const initializers = new Map(graph.initializers);
  const own = (name: string | undefined): Tensor | undefined =>
    name === undefined || name === '' || uses.get(name) !== 1 ? undefined : initializers.get(name);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const { first, second } of pairs) {
      const [w1, w2, bias] = [own(first.inputs[1]), own(second.inputs[1]), own(first.inputs[2])];
      if (w1 === undefined || w2 === undefined || (bias === undefined && (first.inputs[2] ?? '') !== '')) continue;
      const channels = w1.shape[first.op.kind === 'Gemm' && !first.op.transB ? 1 : 0];
      const features = valueInfo(graph, second.inputs[0]).shape[
        second.op.kind === 'Conv' ? 1 : valueInfo(graph, second.inputs[0]).shape.length - 1
      ];
      if (features % channels !== 0 || (bias !== undefined && bias.data.length !== channels)) continue;
      const [from, to] = [outputOf(first, w1.shape), inputOf(graph, second, w2.shape, channels)];
      const [r1, r2] = [largest(w1, from, channels), largest(w2, to, channels)];
      const s = r1.map((value, c) => {
        const scale = Math.sqrt(value / r2[c]);
        return scale > 1 / LARGEST_SCALE && scale < LARGEST_SCALE ? scale : 1;
      });
      initializers.set(
        first.inputs[1],
        scaled(w1, (i) => 1 / s[from(i)]),
      );
      initializers.set(
        second.inputs[1],
        scaled(w2, (i) => s[to(i)]),
      );
      if (bias !== undefined)
        initializers.set(
          first.inputs[2],
          scaled(bias, (i) => 1 / s[i]),
        );
    }
  }
  return { ...graph, initializers };
}
