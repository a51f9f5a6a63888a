/** Reordering: optimal against every order of small graphs, never worse, and without a change in what is computed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Graph, type Node, peakBytes, reorder, type ValueInfo, validateGraph } from '@tinypareto/evaluators';
import fc from 'fast-check';
import {
  dataDependencies,
  type Predecessors,
  transitiveReduction,
} from '../../../evaluators/passes/dependency-graph.ts';
import { choices, randomGraph } from '../../support/random-graph.ts';

function smallestPeakByTrial(graph: Graph): number {
  const needs = dataDependencies(graph);
  let best = Number.POSITIVE_INFINITY;
  const extend = (order: readonly number[]): void => {
    if (order.length === graph.nodes.length) best = Math.min(best, peakBytes(graph, order));
    needs.forEach((list, i) => {
      if (!order.includes(i) && list.every((before) => order.includes(before))) extend([...order, i]);
    });
  };
  extend([]);
  return best;
}

/** A graph of element-wise sums with the given edges; node i reads the nodes that `edges[i]` names, sizes differ by broadcasting. */
function wiredGraph(edges: readonly (readonly number[])[], sizes: readonly number[]): Graph {
  const input: ValueInfo = { name: 'x', dtype: 'float32', shape: [1, 4] };
  const values = new Map<string, ValueInfo>([['x', input]]);
  const nodes: Node[] = edges.flatMap((sources, i) => {
    const inputs = sources.length === 0 ? ['x'] : [...new Set(sources)].map((source) => `v${source % i}`);
    const size = sizes[i] ?? 1;
    const name = `v${i}`;
    const from = inputs.reduce((sum, source) => sum + (values.get(source)?.shape[0] ?? 0), 0);
    values.set(`c${i}`, { name: `c${i}`, dtype: 'float32', shape: [from, 4] });
    values.set(name, { name, dtype: 'float32', shape: [size, 4] });
    const concat: Node = { name: `concat${i}`, op: { kind: 'Concat', axis: 0 }, inputs, outputs: [`c${i}`] };
    const starts = { starts: [0, 0], steps: [1, 1], sizes: [Math.min(size, from), 4] };
    values.set(name, { name, dtype: 'float32', shape: starts.sizes });
    return [
      concat,
      { name: `slice${i}`, op: { kind: 'Slice', ...starts }, inputs: [`c${i}`], outputs: [name] } satisfies Node,
    ];
  });
  return { name: 'wired', inputs: [input], outputs: [`v${edges.length - 1}`], nodes, initializers: new Map(), values };
}

const edgesOf = fc
  .array(fc.tuple(fc.array(fc.nat(20), { maxLength: 3 }), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((list) =>
    wiredGraph(
      list.map(([sources], i) => (i === 0 ? [] : sources)),
      list.map(([, size]) => size),
    ),
  );

test('finds the best of all orders of small graphs', () => {
  fc.assert(
    fc.property(edgesOf, (graph) => {
      const after = validateGraph(reorder.run(graph));
      assert.equal(peakBytes(after), smallestPeakByTrial(graph));
    }),
    { numRuns: 150, seed: 8 },
  );
});

test('is never worse than the given order and keeps every node', () => {
  fc.assert(
    fc.property(choices, (list) => {
      const graph = randomGraph(list);
      const after = validateGraph(reorder.run(graph));
      assert.ok(peakBytes(after) <= peakBytes(graph));
      assert.deepEqual(new Set(after.nodes), new Set(graph.nodes));
    }),
    { numRuns: 150, seed: 2 },
  );
});

function reachable(predecessors: Predecessors): string[] {
  const above: Set<number>[] = [];
  for (const list of predecessors) above.push(new Set(list.flatMap((i) => [i, ...(above[i] ?? [])])));
  return above.map((set) => [...set].sort((a, b) => a - b).join());
}

test('transitive reduction keeps reachability with the fewest edges', () => {
  const dag = fc
    .array(fc.array(fc.nat(50), { maxLength: 6 }), { maxLength: 40 })
    .map((lists) =>
      lists.map((list, i) => (i === 0 ? [] : [...new Set(list.map((edge) => edge % i))].sort((a, b) => a - b))),
    );
  fc.assert(
    fc.property(dag, (predecessors) => {
      const reduced = transitiveReduction(predecessors);
      assert.deepEqual(reachable(reduced), reachable(predecessors));
      reduced.forEach((list, i) => {
        for (const edge of list) {
          const without = reduced.map((other, j) => (j === i ? other.filter((entry) => entry !== edge) : other));
          assert.notDeepEqual(reachable(without), reachable(reduced));
        }
      });
    }),
    { numRuns: 100, seed: 4 },
  );
});
