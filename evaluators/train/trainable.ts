/** Which initializers training changes, and the rewriting that a graph gets before it is lowered. */
import type { Graph, Node } from '../ir/graph.ts';
import type { FusedClamp } from '../ir/op.ts';

/** Data inputs of an operator that hold parameters, by position. */
function parameterInputs(node: Node): readonly number[] {
  switch (node.op.kind) {
    case 'Conv':
    case 'ConvTranspose':
    case 'Gemm':
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
    case 'BatchNormalization':
      return [1, 2];
    case 'MatMul':
      return [0, 1];
    case 'LSTM':
    case 'GRU':
      return [1, 2, 3];
    case 'Binary':
      return node.op.fn === 'PRelu' ? [1] : node.op.fn === 'Add' ? [0, 1] : [];
    default:
      return [];
  }
}

/** Float initializers that are weights, biases, scales or slopes. A scalar addend is a constant of the model, not a bias. */
export function trainableInitializers(graph: Graph): string[] {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    for (const index of parameterInputs(node)) {
      const name = node.inputs[index] ?? '';
      const value = graph.initializers.get(name);
      if (value?.dtype !== 'float32') continue;
      if (node.op.kind === 'Binary' && node.op.fn === 'Add' && value.data.length === 1) continue;
      names.add(name);
    }
  }
  return [...names];
}

function asClamp(graph: Graph, node: Node): FusedClamp | undefined {
  if (node.op.kind === 'Unary' && node.op.fn === 'Relu') return { min: 0, max: Number.POSITIVE_INFINITY };
  if (node.op.kind !== 'Clip') return undefined;
  const bound = (index: number, fallback: number) => {
    const name = node.inputs[index] ?? '';
    return name === '' ? fallback : Number(graph.initializers.get(name)?.data[0] ?? Number.NaN);
  };
  const clamp = { min: bound(1, Number.NEGATIVE_INFINITY), max: bound(2, Number.POSITIVE_INFINITY) };
  return Number.isNaN(clamp.min) || Number.isNaN(clamp.max) ? undefined : clamp;
}

/** Folds Relu and Clip into the product before them where nobody else reads it; `keep` names values that must stay visible. */
export function fuseClamps(graph: Graph, keep: (name: string) => boolean): readonly Node[] {
  const uses = new Map<string, number>();
  for (const name of [...graph.outputs, ...graph.nodes.flatMap((node) => node.inputs)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const nodes: Node[] = [];
  const producer = new Map<string, number>();
  for (const node of graph.nodes) {
    const clamp = asClamp(graph, node);
    const at = producer.get(node.inputs[0]);
    const before = at === undefined ? undefined : nodes[at];
    if (clamp !== undefined && before !== undefined && at !== undefined) {
      const { op } = before;
      const product = op.kind === 'Conv' || op.kind === 'Gemm' || op.kind === 'MatMul' || op.kind === 'ConvTranspose';
      if (product && op.clamp === undefined && uses.get(node.inputs[0]) === 1 && !keep(node.inputs[0])) {
        nodes[at] = { ...before, op: { ...op, clamp }, outputs: node.outputs };
        producer.set(node.outputs[0], at);
        continue;
      }
    }
    for (const name of node.outputs) producer.set(name, nodes.length);
    nodes.push(node);
  }
  return nodes;
}
