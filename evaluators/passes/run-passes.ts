/** Runs passes in order, again and again until nothing changes; can show the graph before and after each. */
import type { Graph } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import type { Pass } from './pass.ts';

export interface PassOptions {
  /** Called with the graph's text before the first pass ("input") and after each pass that changed something. */
  readonly dump?: (stage: string, text: string) => void;
  /** Rounds over all passes; enough for what one pass opens up for an earlier one. */
  readonly maxRounds?: number;
}

/** Two graphs are the same when their nodes, types and constants are. Constants are compared by identity. */
function changed(before: Graph, after: Graph): boolean {
  if (before === after) return false;
  if (before.nodes.length !== after.nodes.length || before.initializers.size !== after.initializers.size) return true;
  if (before.nodes.some((node, i) => node !== after.nodes[i])) return true;
  return [...before.initializers].some(([name, value]) => after.initializers.get(name) !== value);
}

export function runPasses(graph: Graph, passes: readonly Pass[], options: PassOptions = {}): Graph {
  const { dump, maxRounds = 8 } = options;
  dump?.('input', printGraph(graph));
  let current = graph;
  for (let round = 1; round <= maxRounds; round++) {
    const start = current;
    for (const pass of passes) {
      const next = pass.run(current);
      if (!changed(current, next)) continue;
      current = next;
      dump?.(`${round}-${pass.name}`, printGraph(current));
    }
    if (current === start) break;
  }
  return current;
}
