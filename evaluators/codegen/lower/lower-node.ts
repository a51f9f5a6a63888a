/** The operator families by kind. A kind that is missing here does not compile. */
import type { Node } from '../../ir/graph.ts';
import type { OpKind, OpOf } from '../../ir/op.ts';
import type { Lowering } from '../lowering.ts';
import { lowerBinary, lowerVariadic, lowerWhere } from './lower-binary.ts';
import { lowerCast } from './lower-cast.ts';
import { lowerConvTranspose } from './lower-conv-transpose.ts';
import { lowerBatchNormalization, lowerConv, lowerQLinearConv } from './lower-convolution.ts';
import {
  lowerGather,
  lowerGatherElements,
  lowerGatherND,
  lowerOneHot,
  lowerPad,
  lowerScatterElements,
  lowerScatterND,
  lowerTrilu,
} from './lower-indexing.ts';
import { lowerGemm, lowerMatMul, lowerQGemm, lowerQLinearMatMul } from './lower-linear.ts';
import { lowerConvInteger, lowerMatMulInteger } from './lower-matmul.ts';
import {
  lowerConcat,
  lowerDepthToSpace,
  lowerExpand,
  lowerQLinearConcat,
  lowerReshape,
  lowerSlice,
  lowerSpaceToDepth,
  lowerSplit,
  lowerTile,
  lowerTranspose,
} from './lower-movement.ts';
import { lowerGroupNormalization, lowerInstanceNormalization, lowerLayerNormalization } from './lower-normalization.ts';
import {
  lowerAveragePool,
  lowerGlobalPool,
  lowerMaxPool,
  lowerQLinearAveragePool,
  lowerQLinearGlobalAveragePool,
  lowerQLinearReduceMean,
} from './lower-pool.ts';
import {
  lowerDequantizeLinear,
  lowerDynamicQuantizeLinear,
  lowerQLinearSoftmax,
  lowerQuantizeLinear,
} from './lower-quantize.ts';
import { lowerLookup, lowerQLinearBinary, lowerQLinearUnary } from './lower-quantized-elementwise.ts';
import { lowerRecurrent } from './lower-recurrent.ts';
import {
  lowerArgReduce,
  lowerCumSum,
  lowerHardmax,
  lowerLRN,
  lowerReduce,
  lowerSoftmax,
  lowerTopK,
} from './lower-reduce.ts';
import { lowerResize } from './lower-resize.ts';
import { lowerDeformConv, lowerGridSample, lowerRoiAlign } from './lower-sampling.ts';
import { lowerClip, lowerUnary } from './lower-unary.ts';
import { lowerLpPool } from './lower-window3.ts';

type Lower<K extends OpKind> = (lowering: Lowering, node: Node<OpOf<K>>) => void;

const FAMILIES: { readonly [K in OpKind]: Lower<K> } = {
  ArgReduce: lowerArgReduce,
  AveragePool: lowerAveragePool,
  BatchNormalization: lowerBatchNormalization,
  Binary: lowerBinary,
  Cast: lowerCast,
  Clip: lowerClip,
  Concat: lowerConcat,
  Conv: lowerConv,
  ConvInteger: lowerConvInteger,
  ConvTranspose: lowerConvTranspose,
  CumSum: lowerCumSum,
  DeformConv: lowerDeformConv,
  DepthToSpace: lowerDepthToSpace,
  DequantizeLinear: lowerDequantizeLinear,
  DynamicQuantizeLinear: lowerDynamicQuantizeLinear,
  Expand: lowerExpand,
  GRU: lowerRecurrent,
  Gather: lowerGather,
  GatherElements: lowerGatherElements,
  GatherND: lowerGatherND,
  Gemm: lowerGemm,
  GlobalPool: lowerGlobalPool,
  GridSample: lowerGridSample,
  GroupNormalization: lowerGroupNormalization,
  Hardmax: lowerHardmax,
  InstanceNormalization: lowerInstanceNormalization,
  LRN: lowerLRN,
  LSTM: lowerRecurrent,
  LayerNormalization: lowerLayerNormalization,
  LpPool: lowerLpPool,
  MatMul: lowerMatMul,
  MatMulInteger: lowerMatMulInteger,
  MaxPool: lowerMaxPool,
  OneHot: lowerOneHot,
  Pad: lowerPad,
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
  Lookup: lowerLookup,
  QuantizeLinear: lowerQuantizeLinear,
  RNN: lowerRecurrent,
  Reduce: lowerReduce,
  Reshape: lowerReshape,
  Resize: lowerResize,
  RoiAlign: lowerRoiAlign,
  ScatterElements: lowerScatterElements,
  ScatterND: lowerScatterND,
  Slice: lowerSlice,
  Softmax: lowerSoftmax,
  SpaceToDepth: lowerSpaceToDepth,
  Split: lowerSplit,
  Tile: lowerTile,
  TopK: lowerTopK,
  Transpose: lowerTranspose,
  Trilu: lowerTrilu,
  Unary: lowerUnary,
  Variadic: lowerVariadic,
  Where: lowerWhere,
};

/** Adds the calls of one node; throws LoweringError when it has no kernel. */
export function lowerNode(lowering: Lowering, node: Node): void {
  const family = FAMILIES[node.op.kind] as Lower<OpKind>;
  family(lowering, node);
}
