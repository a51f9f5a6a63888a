/**
 * A float operator of an integer network on batches, by the training engine's kernels: for accuracy only, since their sums run in another
 * order than those of the reference operators.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import type { OpKind } from '../../ir/op.ts';
import { compileInference, type InferenceProgram } from '../../train/inference-program.ts';
import { valueInfo } from '../graph-edit.ts';

/** Operators whose reference implementation would take most of the time. */
const HEAVY: ReadonlySet<OpKind> = new Set<OpKind>(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The node compiled for `batch` samples; null when it is not a product of one float value, a sample per row, with constants. */
export function floatProgram(graph: Graph, node: Node, batch: number): InferenceProgram | null {
  const [x, ...constants] = node.inputs;
  if (!HEAVY.has(node.op.kind) || graph.initializers.has(x)) return null;
  if (!constants.every((name) => name === '' || graph.initializers.has(name))) return null;
  const [input, output] = [valueInfo(graph, x), valueInfo(graph, node.outputs[0])];
  const isBatch = (shape: readonly number[]): boolean => shape.length >= 2 && shape[0] === 1;
  if (input.dtype !== 'float32' || !isBatch(input.shape) || !isBatch(output.shape)) return null;
  if (node.op.kind === 'Gemm' && node.op.transA) return null;
  const single: Graph = {
    name: node.name,
    inputs: [input],
    outputs: [output.name],
    nodes: [node],
    initializers: new Map([...graph.initializers].filter(([name]) => constants.includes(name))),
    values: new Map([...graph.values].filter(([name]) => node.inputs.includes(name) || node.outputs.includes(name))),
  };
  return compileInference(single, batch);
}
