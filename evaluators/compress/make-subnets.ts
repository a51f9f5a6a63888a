/** The sub-networks of a slimmable supernet: the most important structures of each group of layers, at several widths. */
import type { Graph } from '../ir/graph.ts';
import { indexGraph, type Subnet, subnetFrom } from '../train/supernet.ts';
import { analyzeDependencies } from './dependencies/dependency-groups.ts';
import { removeStructures } from './dependencies/remove-structures.ts';
import { orderedGroups, removedClasses } from './group-widths.ts';
import { importanceOf } from './prune-structured.ts';

/** Share of its structures that each group keeps, in network order; a single number holds for all groups. */
export type WidthShares = number | readonly number[];

/**
 * One sub-network per entry of `shares`. Structures are ranked once, by L1 norm, so that a narrower sub-network of a group is always part
 * of a wider one. At least one structure stays.
 */
export function makeSubnets(graph: Graph, shares: readonly WidthShares[]): Subnet[] {
  const analysis = analyzeDependencies(graph);
  const groups = orderedGroups(analysis, importanceOf(analysis, { granularity: 'structured', heuristic: 'l1' }, {}));
  const indexed = analyzeDependencies(indexGraph(graph));
  return shares.map((share) => {
    const widths = groups.map(({ order }, g) => {
      const kept = typeof share === 'number' ? share : (share[g] ?? 1);
      return Math.max(1, Math.min(order.length, Math.round(kept * order.length)));
    });
    const sliced = removeStructures(indexed, removedClasses(analysis, groups, widths));
    return subnetFrom(widths.join('-'), graph, sliced);
  });
}
