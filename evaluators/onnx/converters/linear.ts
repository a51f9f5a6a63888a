/** Gemm and matrix products. */
import type { ConverterTable, NodeContext } from '../node-context.ts';

function gemm(c: NodeContext) {
  const a = c.attributes;
  a.ignore('broadcast');
  const op = {
    kind: 'Gemm',
    alpha: a.float('alpha', 1),
    beta: a.float('beta', 1),
    transA: a.flag('transA', false),
    transB: a.flag('transB', false),
  } as const;
  return c.result(op, c.inputs);
}

export const LINEAR: ConverterTable = {
  Gemm: gemm,
  MatMul: (c) => c.result({ kind: 'MatMul' }, c.inputs),
  MatMulInteger: (c) => c.result({ kind: 'MatMulInteger' }, c.inputs),
  QLinearMatMul: (c) => c.result({ kind: 'QLinearMatMul' }, c.inputs),
};
