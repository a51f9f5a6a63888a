/** The reference implementation of every quantized operator, by kind. */
import type { IntegerOp } from '../../ir/op.ts';
import type { OpRegistry } from '../op-definition.ts';
import { lookup } from './lookup.ts';
import { qlinearBinary } from './qlinear-binary.ts';
import { qlinearConcat } from './qlinear-concat.ts';
import { convInteger, qlinearConv } from './qlinear-conv.ts';
import { matMulInteger, qgemm, qlinearMatMul } from './qlinear-matmul.ts';
import { qlinearAveragePool, qlinearGlobalAveragePool, qlinearReduceMean } from './qlinear-pool.ts';
import { qlinearSoftmax } from './qlinear-softmax.ts';
import { qlinearUnary } from './qlinear-unary.ts';
import { dequantizeLinear, dynamicQuantizeLinear, quantizeLinear } from './quantize-linear.ts';

export type IntegerKind = IntegerOp['kind'];

export const INTEGER_OPS: OpRegistry<IntegerKind> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  QLinearConv: qlinearConv,
  QLinearMatMul: qlinearMatMul,
  QGemm: qgemm,
  QLinearBinary: qlinearBinary,
  QLinearUnary: qlinearUnary,
  Lookup: lookup,
  QLinearSoftmax: qlinearSoftmax,
  QLinearAveragePool: qlinearAveragePool,
  QLinearGlobalAveragePool: qlinearGlobalAveragePool,
  QLinearReduceMean: qlinearReduceMean,
  QLinearConcat: qlinearConcat,
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
};

export function isIntegerKind(kind: string): kind is IntegerKind {
  return Object.hasOwn(INTEGER_OPS, kind);
}
