/** The operator families by kind. */
import type { Node } from '../ir/graph.ts';
import type { OpKind, OpOf } from '../ir/op.ts';
import { LoweringError } from './codegen-error.ts';
import { lowerBatchNormalization, lowerConv, lowerQLinearConv } from './lower-convolution.ts';
import { lowerBinary, lowerClip, lowerQLinearBinary, lowerQLinearUnary, lowerUnary } from './lower-elementwise.ts';
import { lowerGemm, lowerMatMul, lowerQGemm, lowerQLinearMatMul } from './lower-linear.ts';
import { lowerConcat, lowerQLinearConcat, lowerReshape, lowerTranspose } from './lower-movement.ts';
import {
  lowerAveragePool,
  lowerGlobalPool,
  lowerMaxPool,
  lowerQLinearAveragePool,
  lowerQLinearGlobalAveragePool,
  lowerQLinearReduceMean,
} from './lower-pool.ts';
import { lowerDequantizeLinear, lowerQLinearSoftmax, lowerQuantizeLinear, lowerSoftmax } from './lower-quantize.ts';
import type { Lowering } from './lowering.ts';

type Lower<K extends OpKind> = (lowering: Lowering, node: Node<OpOf<K>>) => void;

const FAMILIES: { readonly [K in OpKind]?: Lower<K> } = {
  AveragePool: lowerAveragePool,
  BatchNormalization: lowerBatchNormalization,
  Binary: lowerBinary,
  Clip: lowerClip,
  Concat: lowerConcat,
  Conv: lowerConv,
  DequantizeLinear: lowerDequantizeLinear,
  Gemm: lowerGemm,
  GlobalPool: lowerGlobalPool,
  MatMul: lowerMatMul,
  MaxPool: lowerMaxPool,
  QGemm: lowerQGemm,
  QLinearAveragePool: lowerQLinearAveragePool,
  QLinearBinary: lowerQLinearBinary,
  QLinearConcat: lowerQLinearConcat,
  QLinearConv: lowerQLinearConv,
  QLinearGlobalAveragePool: lowerQLinearGlobalAveragePool,
  QLinearMatMul: lowerQLinearMatMul,
  QLinearReduceMean: lowerQLinearReduceMean,
  QLinearSoftmax: lowerQLinearSoftmax,
  QLinearUnary: lowerQLinearUnary,
  QuantizeLinear: lowerQuantizeLinear,
  Reshape: lowerReshape,
  Softmax: lowerSoftmax,
  Transpose: lowerTranspose,
  Unary: lowerUnary,
};

/** Adds the calls of one node; throws LoweringError when it has no kernel. */
export function lowerNode(lowering: Lowering, node: Node): void {
  const family = FAMILIES[node.op.kind] as Lower<OpKind> | undefined;
  if (family === undefined) throw new LoweringError('the operator has no kernel');
  family(lowering, node);
}
