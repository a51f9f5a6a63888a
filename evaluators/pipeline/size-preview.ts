/**
 * What a compression plan leads to, from shapes alone and before any training: sizes and operations equal those of the finished
 * trial whenever the plan fixes the structure (widths, per-layer or global structured pruning, number format).
 */
import type { BoardSpec } from '../board-spec.ts';
import { needsData } from '../compress/importance.ts';
import { pruneStructured } from '../compress/prune-structured.ts';
import { restructure } from '../compress/restructure/restructure.ts';
import type { CompressionPlan, PrunePlan } from '../compression-plan.ts';
import { countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { deployable } from './load-network.ts';
import { compileOptions, deployedSizes, sizeMeasures } from './size-measures.ts';

export interface SizePreview {
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly macs: number;
  readonly flops: number;
  readonly params: number;
}

/** Widths follow from the plan, or from the given weights when no training comes before them. */
function widthsAreFixed(plan: CompressionPlan, { target, heuristic, schedule }: PrunePlan): boolean {
  if (target === undefined) return true;
  const isAtOnce = schedule === undefined || schedule.kind === 'oneShot' || schedule.steps <= 1;
  const isKnown = target.metric !== 'latencyUs' && plan.restructure === undefined;
  return isAtOnce && isKnown && !needsData(heuristic);
}

function pruneNow(graph: Graph, plan: CompressionPlan, prune: PrunePlan, board: BoardSpec): Graph {
  // Without a target the widths are the same whichever structures go.
  if (prune.target === undefined) return pruneStructured(graph, { ...prune, heuristic: 'l1' }).graph;
  return pruneStructured(graph, prune, { seed: plan.seed ?? 0, measures: sizeMeasures(plan.quantize, board) }).graph;
}

/**
 * Null when sizes depend on trained values (element-wise pruning, heuristics that choose between layers by data, formats without a dense encoding). Throws CompressionError when the plan does not fit the network.
 */
export function previewSizes(graph: Graph, plan: CompressionPlan, board: BoardSpec): SizePreview | null {
  const { prune, quantize: format } = plan;
  const structureIsFixed = prune === undefined || (prune.granularity === 'structured' && widthsAreFixed(plan, prune));
  const formatIsDense = format === undefined || ['float32', 'int8', 'uint8'].includes(format.format);
  if (!structureIsFixed || !formatIsDense) return null;
  const changed = plan.restructure === undefined ? graph : restructure(graph, plan.restructure).graph;
  const pruned = prune === undefined ? changed : pruneNow(changed, plan, prune, board);
  const { params } = countCost(deployable(pruned));
  const { romBytes, ramBytes, macs, flops } = deployedSizes(pruned, format, board, compileOptions(plan));
  return { romBytes, ramBytes, macs, flops, params };
}
