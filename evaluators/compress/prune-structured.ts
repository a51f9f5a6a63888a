/**
 * Structured pruning: removes whole channels, neurons and hidden units with everything that depends on them. The output is a
 * smaller graph; asked and achieved sizes are compared after dependency closure.
 */

import type { LayerPrune, PrunePlan, PruneTarget, SizeMetric } from '../compression-plan.ts';
import { countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { CompressionError } from './compression-error.ts';
import { analyzeDependencies, type DependencyAnalysis } from './dependencies/dependency-groups.ts';
import { removeStructures } from './dependencies/remove-structures.ts';
import {
  fitWidths,
  narrowest,
  nearerWidths,
  type Reachable,
  reachableAround,
  roundWidth,
  searchNearby,
  TOLERANCE,
} from './fit-widths.ts';
import {
  type Measures,
  metricOf,
  type OrderedGroup,
  orderedGroups,
  removedClasses,
  widthCost,
} from './group-widths.ts';
import { type DataHeuristic, needsData, normalizeByGroup, weightImportance } from './importance.ts';
import { unknownLayer } from './layer-names.ts';
import { MeasuredCosts } from './measured-costs.ts';

export interface PruneContext {
  readonly seed?: number;
  /** Importance by class for heuristics that look at data. */
  readonly dataImportance?: (analysis: DependencyAnalysis, heuristic: DataHeuristic) => Float64Array;
  /** Rank structures by the weights of this network of the same structure. */
  readonly rankBy?: Graph;
  /** Value of the target's metric asked now, on the way to the plan's own target. */
  readonly asked?: number;
  /** How to measure romBytes, ramBytes and latencyUs. */
  readonly measures?: Measures;
}

export interface LayerWidth {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

export interface Achieved {
  readonly params: { readonly before: number; readonly after: number };
  readonly macs: { readonly before: number; readonly after: number };
  readonly target?: {
    readonly metric: SizeMetric;
    readonly asked: number;
    readonly achieved: number;
    /** Set when no widths come within 0.5 %: the nearest values on both sides that the layers' structures allow. */
    readonly reachable?: Reachable;
  };
  /** Structured: every layer that can shrink, or its group's first. */
  readonly layers: readonly LayerWidth[];
  /** Share of the prunable weights that are zero (element pruning). */
  readonly sparsity?: number;
}

export interface PruneResult {
  readonly graph: Graph;
  readonly achieved: Achieved;
}

/** The bound that a target means for a network whose metric is `base`. */
export function askedValue(target: PruneTarget, base: number): number {
  if (target.remove !== undefined && target.atMost === undefined && target.remove >= 0 && target.remove < 1) {
    return base * (1 - target.remove);
  }
  if (target.atMost !== undefined && target.remove === undefined && target.atMost > 0) return target.atMost;
  throw new CompressionError('BAD_PLAN', 'a pruning target has either remove (0 to 1) or atMost (above 0)');
}

export function importanceOf(analysis: DependencyAnalysis, plan: PrunePlan, context: PruneContext): Float64Array {
  const { heuristic } = plan;
  if (!needsData(heuristic)) return weightImportance(analysis, heuristic, context.seed ?? 0);
  if (context.dataImportance === undefined) {
    throw new CompressionError('BAD_PLAN', `the ${heuristic} heuristic needs a data set`);
  }
  return context.dataImportance(analysis, heuristic);
}

/** Throws CompressionError when a layer does not exist, cannot shrink that far, or the target cannot be met. */
export function pruneStructured(graph: Graph, plan: PrunePlan, context: PruneContext = {}): PruneResult {
  const analysis = analyzeDependencies(graph);
  const ranked = context.rankBy === undefined ? analysis : analyzeDependencies(context.rankBy);
  const scores = normalizeByGroup(analysis, importanceOf(ranked, plan, context));
  const groups = orderedGroups(analysis, scores);
  const roundTo = Math.max(1, Math.round(plan.roundTo ?? 1));
  const fixed = layerWidths(analysis, groups, scores, plan.layers ?? {}, roundTo);
  const measures = context.measures ?? {};
  let widths = fixed.map((width, g) => width ?? groups[g].order.length);
  let target: Achieved['target'];
  let reachable: Reachable | undefined;
  if (plan.target !== undefined) {
    const { metric } = plan.target;
    const asked = context.asked ?? askedValue(plan.target, metricOf(graph, metric, measures));
    const cost = widthCost(analysis, groups, metric, measures);
    if (cost(widths) > asked) {
      const upperBound = plan.target.atMost !== undefined;
      // Sizes in bytes and times take a compilation each.
      const measured =
        metric === 'params' || metric === 'macs'
          ? {}
          : {
              budget: MEASURED_BUDGET,
              shapeCost: widthCost(analysis, groups, metric === 'latencyUs' ? 'macs' : 'params', {}),
            };
      const looks = measured.budget === undefined ? undefined : new MeasuredCosts(cost);
      const request = { groups, scores, fixed, roundTo, asked, upperBound, cost: looks?.cost ?? cost, ...measured };
      const fitted = fitWidths(request);
      if (fitted === null) throw unreachable(groups, fixed, roundTo, metric, asked, cost);
      widths = fitted;
      const isMissed = () => Math.abs(cost(widths) / asked - 1) > TOLERANCE;
      const other = looks !== undefined && isMissed() ? looks.beyond(asked, cost(widths)) : undefined;
      if (other !== undefined) widths = nearerWidths(request, [widths, searchNearby(request, other)]);
      if (isMissed()) reachable = looks?.around(asked) ?? reachableAround(request, widths);
    }
    target = { metric, asked, achieved: cost(widths), ...(reachable === undefined ? {} : { reachable }) };
  }
  const pruned = removeStructures(analysis, removedClasses(analysis, groups, widths));
  const [before, after] = [countCost(graph), countCost(pruned)];
  return {
    graph: pruned,
    achieved: {
      params: { before: before.params, after: after.params },
      macs: { before: before.macs, after: after.macs },
      layers: layerReport(analysis, groups, widths),
      ...(target === undefined ? {} : { target }),
    },
  };
}

const MEASURED_BUDGET = 60;

function unreachable(
  groups: readonly OrderedGroup[],
  fixed: readonly (number | null)[],
  roundTo: number,
  metric: SizeMetric,
  asked: number,
  cost: (widths: readonly number[]) => number,
): CompressionError {
  const least = cost(groups.map(({ order }, g) => fixed[g] ?? narrowest(order.length, roundTo)));
  return new CompressionError(
    'TARGET_UNREACHABLE',
    `${metric} cannot fall to ${Math.round(asked)}: with ${roundTo} structure${roundTo === 1 ? '' : 's'} left in every layer it is still ${Math.round(least)}`,
  );
}

/** Widths asked by layer name; null = not asked. */
function layerWidths(
  analysis: DependencyAnalysis,
  groups: readonly OrderedGroup[],
  scores: Float64Array,
  layers: Readonly<Record<string, LayerPrune>>,
  roundTo: number,
): (number | null)[] {
  const widths: (number | null)[] = groups.map(() => null);
  for (const [name, asked] of Object.entries(layers)) {
    const own = groups.flatMap(({ group }, g) => (group.layers.includes(name) ? [g] : []));
    const all = own.reduce((sum, g) => sum + groups[g].order.length, 0);
    checkLayer(analysis, name, own.length);
    const keep = typeof asked === 'number' ? Math.round(all * (1 - asked)) : asked.keep;
    if (!Number.isInteger(keep) || keep < 1 || keep > all) {
      throw new CompressionError(
        'CANNOT_PRUNE',
        `layer "${name}" has ${all} structures and cannot keep ${keep}; it must keep at least 1`,
      );
    }
    const ranked = own.flatMap((g) => groups[g].order.map((index) => ({ g, score: scores[index] })));
    const kept = ranked
      .sort((a, b) => b.score - a.score)
      .slice(0, typeof asked === 'number' ? roundWidth(keep, all, roundTo) : keep);
    for (const g of own) {
      const count = Math.max(1, kept.filter((each) => each.g === g).length);
      widths[g] = Math.min(widths[g] ?? count, count);
    }
  }
  return widths;
}

function checkLayer(analysis: DependencyAnalysis, name: string, groups: number): void {
  if (groups > 0) return;
  const source = analysis.sources.find((each) => each.node.name === name);
  if (source === undefined) {
    const names = analysis.groups.flatMap((group) => (group.frozen === undefined ? group.layers : []));
    throw unknownLayer('prune.layers', name, names, 'layers that can be pruned');
  }
  const reason = analysis.frozen.get(analysis.classOf[source.units[0]]);
  throw new CompressionError('CANNOT_PRUNE', `layer "${name}" cannot be pruned: ${reason ?? 'it must keep its size'}`);
}

function layerReport(
  analysis: DependencyAnalysis,
  groups: readonly OrderedGroup[],
  widths: readonly number[],
): LayerWidth[] {
  const removed = removedClasses(analysis, groups, widths);
  return analysis.sources
    .filter((source) => source.units.some((unit) => !analysis.frozen.has(analysis.classOf[unit])))
    .map((source) => ({
      name: source.node.name,
      before: source.units.length,
      after: source.units.reduce((count, unit) => count + 1 - removed[analysis.classOf[unit]], 0),
    }));
}
