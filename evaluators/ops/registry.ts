/** Every operator's definition by kind. A kind that is missing here does not compile. */
import type { OpKind } from '../ir/op.ts';
import { binary } from './elementwise/binary.ts';
import { cast } from './elementwise/cast.ts';
import { clip } from './elementwise/clip.ts';
import { unary } from './elementwise/unary.ts';
import { variadic } from './elementwise/variadic.ts';
import { where } from './elementwise/where.ts';
import { gather } from './indexing/gather.ts';
import { gatherElements } from './indexing/gather-elements.ts';
import { gatherNd } from './indexing/gather-nd.ts';
import { oneHot } from './indexing/one-hot.ts';
import { scatterElements } from './indexing/scatter-elements.ts';
import { scatterNd } from './indexing/scatter-nd.ts';
import { INTEGER_OPS } from './integer/integer-registry.ts';
import { concat } from './layout/concat.ts';
import { depthToSpace } from './layout/depth-to-space.ts';
import { expand } from './layout/expand.ts';
import { pad } from './layout/pad.ts';
import { reshape } from './layout/reshape.ts';
import { slice } from './layout/slice.ts';
import { spaceToDepth } from './layout/space-to-depth.ts';
import { split } from './layout/split.ts';
import { tile } from './layout/tile.ts';
import { transpose } from './layout/transpose.ts';
import { trilu } from './layout/trilu.ts';
import { gemm } from './linear/gemm.ts';
import { matMul } from './linear/matmul.ts';
import { batchNormalization } from './normalization/batch-normalization.ts';
import { groupNormalization } from './normalization/group-normalization.ts';
import { instanceNormalization } from './normalization/instance-normalization.ts';
import { layerNormalization } from './normalization/layer-normalization.ts';
import { lrn } from './normalization/lrn.ts';
import type { OpDefinition, OpRegistry } from './op-definition.ts';
import { gru } from './recurrent/gru.ts';
import { lstm } from './recurrent/lstm.ts';
import { rnn } from './recurrent/rnn.ts';
import { argReduce } from './reduction/arg-reduce.ts';
import { cumSum } from './reduction/cum-sum.ts';
import { hardmax } from './reduction/hardmax.ts';
import { reduce } from './reduction/reduce.ts';
import { softmax } from './reduction/softmax.ts';
import { topK } from './reduction/top-k.ts';
import { resize } from './resize/resize.ts';
import { deformConv } from './sampling/deform-conv.ts';
import { gridSample } from './sampling/grid-sample.ts';
import { roiAlign } from './sampling/roi-align.ts';
import { averagePool } from './window/average-pool.ts';
import { conv } from './window/conv.ts';
import { convTranspose } from './window/conv-transpose.ts';
import { globalPool } from './window/global-pool.ts';
import { lpPool } from './window/lp-pool.ts';
import { maxPool } from './window/max-pool.ts';

export const OPERATORS: OpRegistry<OpKind> = {
  ...INTEGER_OPS,
  ArgReduce: argReduce,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Binary: binary,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  ConvTranspose: convTranspose,
  CumSum: cumSum,
  DeformConv: deformConv,
  DepthToSpace: depthToSpace,
  Expand: expand,
  GRU: gru,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Gemm: gemm,
  GlobalPool: globalPool,
  GridSample: gridSample,
  GroupNormalization: groupNormalization,
  Hardmax: hardmax,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  LSTM: lstm,
  LayerNormalization: layerNormalization,
  LpPool: lpPool,
  MatMul: matMul,
  MaxPool: maxPool,
  OneHot: oneHot,
  Pad: pad,
  RNN: rnn,
  Reduce: reduce,
  Reshape: reshape,
  Resize: resize,
  RoiAlign: roiAlign,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Slice: slice,
  Softmax: softmax,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Trilu: trilu,
  Unary: unary,
  Variadic: variadic,
  Where: where,
};

/** The definition of `kind`. */
export function definitionOf<K extends OpKind>(kind: K): OpDefinition<K> {
  return OPERATORS[kind];
}
