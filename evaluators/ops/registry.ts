/** Every operator's definition by kind. A kind that is missing here does not compile. */
import type { OpKind } from '../ir/op.ts';
import { binary } from './elementwise/binary.ts';
import { cast } from './elementwise/cast.ts';
import { clip } from './elementwise/clip.ts';
import { unary } from './elementwise/unary.ts';
import { variadic } from './elementwise/variadic.ts';
import { where } from './elementwise/where.ts';
import { gather } from './indexing/gather.ts';
import { INTEGER_OPS } from './integer/integer-registry.ts';
import { concat } from './layout/concat.ts';
import { expand } from './layout/expand.ts';
import { pad } from './layout/pad.ts';
import { reshape } from './layout/reshape.ts';
import { slice } from './layout/slice.ts';
import { split } from './layout/split.ts';
import { tile } from './layout/tile.ts';
import { transpose } from './layout/transpose.ts';
import { gemm } from './linear/gemm.ts';
import { matMul } from './linear/matmul.ts';
import { batchNormalization } from './normalization/batch-normalization.ts';
import type { OpDefinition, OpRegistry } from './op-definition.ts';
import { reduce } from './reduction/reduce.ts';
import { softmax } from './reduction/softmax.ts';
import { averagePool } from './window/average-pool.ts';
import { conv } from './window/conv.ts';
import { globalPool } from './window/global-pool.ts';
import { lpPool } from './window/lp-pool.ts';
import { maxPool } from './window/max-pool.ts';

export const OPERATORS: Partial<OpRegistry<OpKind>> = {
  ...INTEGER_OPS,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Binary: binary,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  Expand: expand,
  Gather: gather,
  Gemm: gemm,
  GlobalPool: globalPool,
  LpPool: lpPool,
  MatMul: matMul,
  MaxPool: maxPool,
  Pad: pad,
  Reduce: reduce,
  Reshape: reshape,
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Tile: tile,
  Transpose: transpose,
  Unary: unary,
  Variadic: variadic,
  Where: where,
};

/** The definition of `kind`. */
export function definitionOf<K extends OpKind>(kind: K): OpDefinition<K> {
  const definition = OPERATORS[kind];
  if (definition === undefined) throw new Error(`operator ${kind} has no reference implementation`);
  return definition as OpDefinition<K>;
}
