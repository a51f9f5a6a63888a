/**
 * What a network costs, from shapes alone: parameters, multiply-accumulates and floating-point operations of one inference.
 *
 * params = numbers in weights, biases and normalisation tensors, each stored tensor counted once (scales, zero points and
 * steering constants are not parameters). macs = multiply-accumulates of convolutions, matrix products and recurrent layers.
 * flops = 2 · macs + one per bias add, per element of an elementwise operator and per element that a pooling window reads.
 */
import type { Graph, Node } from './graph.ts';
import type { OpKind } from './op.ts';
import { elementCount } from './tensor.ts';

export interface Cost {
  readonly params: number;
  readonly macs: number;
  readonly flops: number;
}

/** Inputs that are stored numbers of the model, for operators that also take scales and zero points. */
const PARAMETER_INPUTS: Partial<Record<OpKind, readonly number[]>> = {
  QLinearConv: [3, 8],
  QLinearMatMul: [0, 3],
  QGemm: [0, 3, 6],
  QLinearBinary: [0, 3],
  QuantizeLinear: [0],
  DequantizeLinear: [0],
  MatMulInteger: [0, 1],
  ConvInteger: [1],
};

/** Operators whose constant inputs only steer them. */
const NO_PARAMETERS = new Set<OpKind>([
  'Clip',
  'Pad',
  'Resize',
  'Gather',
  'GatherElements',
  'GatherND',
  'OneHot',
  'TopK',
  'Where',
  'QLinearUnary',
  'Lookup',
  'QLinearSoftmax',
  'QLinearAveragePool',
  'QLinearGlobalAveragePool',
  'QLinearReduceMean',
  'QLinearConcat',
]);

function shapeOf(graph: Graph, name: string | undefined): readonly number[] {
  if (name === undefined || name === '') return [];
  return graph.initializers.get(name)?.shape ?? graph.values.get(name)?.shape ?? [];
}

/** Names of the constants that a node reads as parameters. */
export function parameterNames(graph: Graph, node: Node): string[] {
  if (NO_PARAMETERS.has(node.op.kind)) return [];
  const only = PARAMETER_INPUTS[node.op.kind];
  const names = only === undefined ? node.inputs : only.map((index) => node.inputs[index] ?? '');
  return names.filter((name) => {
    const dtype = graph.initializers.get(name)?.dtype;
    return dtype !== undefined && dtype !== 'int64' && dtype !== 'bool';
  });
}

function recurrentMacs(graph: Graph, node: Node, gates: number): number {
  const x = shapeOf(graph, node.inputs[0]);
  const r = shapeOf(graph, node.inputs[2]);
  const [directions, hidden] = [r[0] ?? 1, r[2] ?? 0];
  return (x[0] ?? 1) * (x[1] ?? 1) * directions * gates * hidden * ((x[2] ?? 0) + hidden);
}

/** Multiply-accumulates of one node. */
export function nodeMacs(graph: Graph, node: Node): number {
  const out = elementCount(shapeOf(graph, node.outputs[0]));
  const weights = (index: number): number => elementCount(shapeOf(graph, node.inputs[index]).slice(1));
  switch (node.op.kind) {
    case 'Conv':
    case 'ConvInteger':
      return out * weights(1);
    case 'QLinearConv':
      return out * weights(3);
    case 'ConvTranspose':
      return elementCount(shapeOf(graph, node.inputs[0])) * weights(1);
    case 'Gemm':
    case 'QGemm': {
      const a = shapeOf(graph, node.inputs[0]);
      return out * ((node.op.transA ? a[0] : a[1]) ?? 1);
    }
    case 'MatMul':
    case 'QLinearMatMul':
    case 'MatMulInteger':
      return out * (shapeOf(graph, node.inputs[0]).at(-1) ?? 1);
    case 'LSTM':
      return recurrentMacs(graph, node, 4);
    case 'GRU':
      return recurrentMacs(graph, node, 3);
    case 'RNN':
      return recurrentMacs(graph, node, 1);
    default:
      return 0;
  }
}

/** Operations beside multiply-accumulates. */
function otherFlops(graph: Graph, node: Node): number {
  const out = elementCount(shapeOf(graph, node.outputs[0]));
  const read = elementCount(shapeOf(graph, node.inputs[0]));
  switch (node.op.kind) {
    case 'Conv':
    case 'ConvTranspose':
    case 'Gemm':
      return (node.inputs[2] ?? '') === '' ? 0 : out;
    case 'QLinearConv':
      return (node.inputs[8] ?? '') === '' ? 0 : out;
    case 'QGemm':
      return (node.inputs[6] ?? '') === '' ? 0 : out;
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
    case 'QLinearAveragePool':
      return out * elementCount(node.op.kernelShape);
    case 'GlobalPool':
    case 'Reduce':
    case 'QLinearGlobalAveragePool':
    case 'QLinearReduceMean':
    case 'ArgReduce':
      return read;
    case 'BatchNormalization':
      return 2 * out;
    case 'InstanceNormalization':
    case 'LayerNormalization':
    case 'GroupNormalization':
      return 5 * out;
    case 'Softmax':
    case 'QLinearSoftmax':
      return 3 * out;
    case 'Unary':
    case 'Binary':
    case 'Variadic':
    case 'Clip':
    case 'QLinearBinary':
    case 'QLinearUnary':
    case 'Lookup':
    case 'QuantizeLinear':
    case 'DequantizeLinear':
      return out;
    default:
      return 0;
  }
}

/** Floating-point operations of one node. */
export function nodeFlops(graph: Graph, node: Node): number {
  return 2 * nodeMacs(graph, node) + otherFlops(graph, node);
}

export function countCost(graph: Graph): Cost {
  const parameters = new Set<string>();
  let macs = 0;
  let other = 0;
  for (const node of graph.nodes) {
    for (const name of parameterNames(graph, node)) parameters.add(name);
    macs += nodeMacs(graph, node);
    other += otherFlops(graph, node);
  }
  let params = 0;
  for (const name of parameters) params += elementCount(shapeOf(graph, name));
  return { params, macs, flops: 2 * macs + other };
}
