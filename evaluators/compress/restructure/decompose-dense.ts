/** A dense layer (Gemm, MatMul with constant weights) as two with `rank` neurons between them: the truncated singular value decomposition. */
import type { Graph, Node } from '../../ir/graph.ts';
import { factorize, transpose } from './low-rank-factors.ts';
import { biasOf, cannot, constantOf, type Replacement, ReplacementBuilder } from './replacement.ts';

export function decomposeDense(graph: Graph, node: Node, rank: number, taken: Set<string>): Replacement {
  const { op } = node;
  if (op.kind !== 'Gemm' && op.kind !== 'MatMul') throw cannot(node, `is a ${op.kind}, not a dense layer`);
  const weight = constantOf(graph, node, 1);
  if (weight.shape.length !== 2 || (op.kind === 'Gemm' && op.transA)) {
    throw cannot(node, 'is no ordinary matrix product');
  }
  const flipped = op.kind === 'Gemm' && op.transB;
  const [inputs, outputs] = flipped ? [weight.shape[1], weight.shape[0]] : weight.shape;
  if (rank >= Math.min(inputs, outputs)) {
    throw cannot(node, `has rank ${Math.min(inputs, outputs)} at most; a decomposition to ${rank} saves nothing`);
  }
  const stored = Float64Array.from(weight.data);
  const matrix = flipped ? transpose(stored, outputs, inputs) : stored;
  const { left, right } = factorize(matrix, inputs, outputs, rank);
  const builder = new ReplacementBuilder(node, taken);
  if (op.kind === 'MatMul') {
    const first = builder.constant('reduce', [inputs, rank], left);
    const between = builder.inner('reduce', { kind: 'MatMul' }, [node.inputs[0], first]);
    return builder.finish(op, [between, builder.constant('expand', [rank, outputs], right)]);
  }
  const first = builder.constant('reduce', [rank, inputs], transpose(left, inputs, rank));
  const plain = { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true } as const;
  const between = builder.inner('reduce', plain, [node.inputs[0], first]);
  const second = builder.constant('expand', [outputs, rank], transpose(right, rank, outputs));
  return builder.finish({ ...op, transB: true }, [between, second, ...biasOf(node)]);
}
