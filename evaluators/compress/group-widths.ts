/**
 * A choice of how many structures each dependency group keeps, and what it costs. Inside a group the order of removal is fixed
 * (least important first), so the widths say everything.
 */

import type { SizeMetric } from '../compression-plan.ts';
import { type Cost, countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { CompressionError } from './compression-error.ts';
import type { DependencyAnalysis, DependencyGroup } from './dependencies/dependency-groups.ts';
import { removeStructures } from './dependencies/remove-structures.ts';

/** Measures a metric that needs more than shapes (romBytes, ramBytes, latencyUs). */
export type Measure = (graph: Graph) => number;
export type Measures = Partial<Record<SizeMetric, Measure>>;

export interface OrderedGroup {
  readonly group: DependencyGroup;
  /** Classes, least important first. */
  readonly order: readonly number[];
}

/** Groups that may shrink, with their order of removal. */
export function orderedGroups(analysis: DependencyAnalysis, scores: Float64Array): OrderedGroup[] {
  return analysis.groups
    .filter((group) => group.frozen === undefined)
    .map((group) => ({ group, order: group.classes.toSorted((a, b) => scores[a] - scores[b] || a - b) }));
}

/** 1 for every class that goes when group g keeps `widths[g]` structures. */
export function removedClasses(
  analysis: DependencyAnalysis,
  groups: readonly OrderedGroup[],
  widths: readonly number[],
): Uint8Array {
  const removed = new Uint8Array(analysis.classCount);
  groups.forEach(({ order }, g) => {
    for (const index of order.slice(0, order.length - widths[g])) removed[index] = 1;
  });
  return removed;
}

/** The metric of a graph; params, macs from shapes, others by the given callback. */
export function metricOf(graph: Graph, metric: SizeMetric, measures: Measures): number {
  if (metric === 'params' || metric === 'macs') return countCost(graph)[metric satisfies keyof Cost];
  const measure = measures[metric];
  if (measure === undefined) {
    throw new CompressionError('BAD_PLAN', `a ${metric} target needs a board that ${metric} can be computed for`);
  }
  return measure(graph);
}

/** Cost of a choice of widths, remembered. */
export function widthCost(
  analysis: DependencyAnalysis,
  groups: readonly OrderedGroup[],
  metric: SizeMetric,
  measures: Measures,
): (widths: readonly number[]) => number {
  const known = new Map<string, number>();
  const shapesOnly = metric === 'params' || metric === 'macs';
  return (widths) => {
    const key = widths.join(',');
    const before = known.get(key);
    if (before !== undefined) return before;
    const graph = removeStructures(analysis, removedClasses(analysis, groups, widths), { shapesOnly });
    const cost = metricOf(graph, metric, measures);
    known.set(key, cost);
    return cost;
  };
}
