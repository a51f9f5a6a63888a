/** Lowers one node by its operator; operators without a derivative here are reported by name. */
import type { Node } from '../../ir/graph.ts';
import type { OpKind } from '../../ir/op.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { lowerConv, lowerConvTranspose } from './conv.ts';
import { lowerGemm, lowerMatMul } from './dense.ts';
import { lowerBinary, lowerClip, lowerUnary, lowerVariadic } from './elementwise.ts';
import { lowerDepthToSpace, lowerGather, lowerResize, lowerSpaceToDepth, lowerTile } from './indexing.ts';
import {
  lowerConcat,
  lowerExpand,
  lowerPad,
  lowerReduce,
  lowerReshape,
  lowerSlice,
  lowerSoftmax,
  lowerSplit,
  lowerTranspose,
} from './movement.ts';
import {
  lowerBatchNormalization,
  lowerGroupNormalization,
  lowerInstanceNormalization,
  lowerLayerNormalization,
} from './normalization.ts';
import { lowerAveragePool, lowerGlobalPool, lowerMaxPool } from './pool.ts';
import { lowerRecurrent } from './recurrent.ts';

type Lowerings = { readonly [K in OpKind]?: (b: Builder, node: never) => void };

const LOWERINGS: Lowerings = {
  AveragePool: lowerAveragePool,
  BatchNormalization: lowerBatchNormalization,
  Binary: lowerBinary,
  Clip: lowerClip,
  Concat: lowerConcat,
  Conv: lowerConv,
  ConvTranspose: lowerConvTranspose,
  DepthToSpace: lowerDepthToSpace,
  Expand: lowerExpand,
  Gather: lowerGather,
  Gemm: lowerGemm,
  GlobalPool: lowerGlobalPool,
  GRU: lowerRecurrent,
  GroupNormalization: lowerGroupNormalization,
  InstanceNormalization: lowerInstanceNormalization,
  LSTM: lowerRecurrent,
  LayerNormalization: lowerLayerNormalization,
  MatMul: lowerMatMul,
  MaxPool: lowerMaxPool,
  Pad: lowerPad,
  Reduce: lowerReduce,
  Reshape: lowerReshape,
  Resize: lowerResize,
  Slice: lowerSlice,
  Softmax: lowerSoftmax,
  SpaceToDepth: lowerSpaceToDepth,
  Split: lowerSplit,
  Tile: lowerTile,
  Transpose: lowerTranspose,
  Unary: lowerUnary,
  Variadic: lowerVariadic,
};

export function canTrain(kind: OpKind): boolean {
  return LOWERINGS[kind] !== undefined;
}

export function lowerNode(b: Builder, node: Node): void {
  const lower = LOWERINGS[node.op.kind] as ((b: Builder, node: Node) => void) | undefined;
  if (lower === undefined) throw new UnsupportedTrainingError(`${node.op.kind} cannot be trained`, node.name);
  lower(b, node);
}
