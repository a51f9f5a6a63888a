/** Gemm and matrix products. */
import type { OpOf } from '../../ir/op.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

export function gemmOp(c: NodeContext): OpOf<'Gemm'> {
  const a = c.attributes;
  // Other domains number their operators anew.
  const broadcast = a.flag('broadcast', false) || c.opset >= 7 || c.opType !== 'Gemm';
  const bias = c.inputs[2]?.type.shape;
  const op = {
    kind: 'Gemm',
    alpha: a.float('alpha', 1),
    beta: a.float('beta', 1),
    transA: a.flag('transA', false),
    transB: a.flag('transB', false),
  } as const;
  const rows = c.shape(0)[op.transA ? 1 : 0];
  const columns = c.shape(1)[op.transB ? 0 : 1];
  if (!broadcast && bias !== undefined && (bias.length !== 2 || bias[0] !== rows || bias[1] !== columns)) {
    throw c.fail(`before opset 7, input 2 must be [${rows}, ${columns}] unless broadcast = 1`);
  }
  return op;
}

export const LINEAR: ConverterTable = {
  Gemm: (c) => c.result(gemmOp(c), c.inputs),
  MatMul: (c) => c.result({ kind: 'MatMul' }, c.inputs),
  MatMulInteger: (c) => c.result({ kind: 'MatMulInteger' }, c.inputs),
  QLinearMatMul: (c) => c.result({ kind: 'QLinearMatMul' }, c.inputs),
};
