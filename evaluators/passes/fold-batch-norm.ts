/**
 * Folds BatchNormalization with constant statistics into the Conv, ConvTranspose or Gemm before it:
 * w' = w · s, b' = (b - mean) · s + bias with s = scale / sqrt(variance + epsilon) per output channel.
 */
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../ir/tensor.ts';

/** Axis of the weight that counts output channels; null when the operator has none to fold into. */
function channelAxis(node: Node): number | null {
  if (node.op.kind === 'Conv') return node.op.clamp === undefined ? 0 : null;
  if (node.op.kind === 'ConvTranspose') return node.op.clamp === undefined && node.op.group === 1 ? 1 : null;
  if (node.op.kind === 'Gemm' && node.op.clamp === undefined && node.op.alpha === 1 && node.op.beta === 1) {
    return node.op.transB ? 0 : 1;
  }
  return null;
}

interface Fold {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function foldedConstants(graph: Graph, producer: Node, axis: number, norm: Node, epsilon: number): Fold | null {
  const weight = graph.initializers.get(producer.inputs[1]);
  const [scale, shift, mean, variance] = norm.inputs.slice(1).map((name) => graph.initializers.get(name));
  const biasName = producer.inputs[2] ?? '';
  const bias = graph.initializers.get(biasName);
  if (weight === undefined || scale === undefined || shift === undefined || mean === undefined) return null;
  if (variance === undefined || (biasName !== '' && bias === undefined)) return null;
  const channels = weight.shape[axis];
  if (bias !== undefined && bias.data.length !== channels) return null;
  const factor = Float64Array.from(
    { length: channels },
    (_, c) => Number(scale.data[c]) / Math.sqrt(Number(variance.data[c]) + epsilon),
  );
  const inner = elementCount(weight.shape.slice(axis + 1));
  const weights = Float32Array.from(
    { length: weight.data.length },
    (_, i) => Number(weight.data[i]) * factor[Math.floor(i / inner) % channels],
  );
  const biases = Float32Array.from(
    { length: channels },
    (_, c) => (Number(bias?.data[c] ?? 0) - Number(mean.data[c])) * factor[c] + Number(shift.data[c]),
  );
  return { weight: tensor('float32', weight.shape, weights), bias: tensor('float32', [channels], biases) };
}

export function foldBatchNorm(graph: Graph): Graph {
  const uses = new Map<string, number>();
  for (const name of [...graph.outputs, ...graph.nodes.flatMap((node) => node.inputs)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const initializers = new Map(graph.initializers);
  const values = new Map(graph.values);
  const nodes: Node[] = [];
  const at = new Map<string, number>();
  const add = (name: string, value: Tensor): string => {
    let unique = name;
    while (values.has(unique)) unique = `${unique}_folded`;
    initializers.set(unique, value);
    values.set(unique, { name: unique, dtype: value.dtype, shape: value.shape });
    return unique;
  };
  for (const node of graph.nodes) {
    const index = at.get(node.inputs[0]);
    const producer = index === undefined ? undefined : nodes[index];
    if (node.op.kind === 'BatchNormalization' && index !== undefined && producer !== undefined) {
      const axis = channelAxis(producer);
      const fold =
        axis === null || uses.get(node.inputs[0]) !== 1
          ? null
          : foldedConstants({ ...graph, initializers }, producer, axis, node, node.op.epsilon);
      if (fold !== null) {
        const weight = add(`${producer.inputs[1]}_folded`, fold.weight);
        const bias = add(`${producer.outputs[0]}_bias`, fold.bias);
        nodes[index] = { ...producer, inputs: [producer.inputs[0], weight, bias], outputs: [node.outputs[0]] };
        at.set(node.outputs[0], index);
        continue;
      }
    }
    for (const output of node.outputs) at.set(output, nodes.length);
    nodes.push(node);
  }
  const read = new Set([...graph.outputs, ...nodes.flatMap((node) => [...node.inputs, ...node.outputs])]);
  const inputs = new Set(graph.inputs.map((input) => input.name));
  return {
    ...graph,
    nodes,
    initializers: new Map([...initializers].filter(([name]) => read.has(name))),
    values: new Map([...values].filter(([name]) => read.has(name) || inputs.has(name))),
  };
}
