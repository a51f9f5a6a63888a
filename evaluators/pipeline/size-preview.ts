/**
 * What a compression plan leads to, from shapes alone and before any training: sizes and operations equal those of the finished
 * trial whenever the plan fixes the structure (widths, per-layer or global structured pruning, number format).
 */
import type { BoardSpec } from '../board-spec.ts';
import { lower } from '../codegen/lower.ts';
import { predictSizes } from '../codegen/predict-sizes.ts';
import { fuseQuantized } from '../compress/fuse-quantized.ts';
import { pruneStructured } from '../compress/prune-structured.ts';
import { activationNames } from '../compress/quantization/calibrate.ts';
import { quantize } from '../compress/quantization/quantize-graph.ts';
import { restructure } from '../compress/restructure/restructure.ts';
import type { CompressionPlan } from '../compression-plan.ts';
import { countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { deployable } from './load-network.ts';

export interface SizePreview {
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly macs: number;
  readonly flops: number;
  readonly params: number;
}

/** Any range gives the same sizes. */
const ANY_RANGE = { min: -1, max: 1 };

/**
 * Null when sizes depend on trained values (element-wise pruning, heuristics that choose between layers by data, formats without a dense encoding). Throws CompressionError when the plan does not fit the network.
 */
export function previewSizes(graph: Graph, plan: CompressionPlan, board: BoardSpec): SizePreview | null {
  const { prune, quantize: format } = plan;
  const structureIsFixed = prune === undefined || (prune.granularity === 'structured' && prune.target === undefined);
  const formatIsDense = format === undefined || ['float32', 'int8', 'uint8'].includes(format.format);
  if (!structureIsFixed || !formatIsDense) return null;
  const changed = plan.restructure === undefined ? graph : restructure(graph, plan.restructure).graph;
  const pruned = prune === undefined ? changed : pruneStructured(changed, { ...prune, heuristic: 'l1' }).graph;
  const network = deployable(pruned);
  const { params } = countCost(network);
  const program = lower(
    format === undefined || format.format === 'float32' ? network : integerForm(network, plan),
    board,
  );
  const { romBytes, ramBytes, macs, flops } = predictSizes(program, board);
  return { romBytes, ramBytes, macs, flops, params };
}

function integerForm(network: Graph, plan: CompressionPlan): Graph {
  const ranges = new Map(activationNames(network).map((name) => [name, ANY_RANGE]));
  const format = plan.quantize ?? { format: 'int8' };
  return fuseQuantized(quantize(network, ranges, format), { fallback: format.fallback ?? 'float' });
}
