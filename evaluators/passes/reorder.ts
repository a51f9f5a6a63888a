/**
 * Reorders nodes for the smallest peak of activation memory: dynamic programming over the sets of nodes that have run (Ahn et al.,
 * "Ordering Chaos: Memory-Aware Scheduling of Irregularly Wired Neural Networks", MLSys 2020), keeping for each set the order with
 * the smallest peak. Exact while a level has at most `BEAM` sets; beyond that the most promising sets are kept. Never worse than the given order.
 */
import type { Graph } from '../ir/graph.ts';
import { dataDependencies, type Predecessors, transitiveReduction } from './dependency-graph.ts';
import type { Pass } from './pass.ts';
import { type Buffers, buffersOf, peakBytes } from './peak-memory.ts';

const BEAM = 1500;

/** A set of nodes that have run, and the best way found to get there. */
interface State {
  readonly key: string;
  readonly done: Uint32Array;
  readonly alive: number;
  readonly peak: number;
  readonly node: number;
  readonly before: State | undefined;
}

const has = (set: Uint32Array, i: number): boolean => ((set[i >> 5] >>> (i & 31)) & 1) === 1;

class Scheduler {
  readonly #buffers: Buffers;
  readonly #predecessors: Predecessors;
  readonly #successors: number[][];
  readonly #readersOf: number[][];

  constructor(graph: Graph) {
    this.#buffers = buffersOf(graph);
    this.#predecessors = transitiveReduction(dataDependencies(graph));
    this.#successors = graph.nodes.map(() => []);
    this.#predecessors.forEach((list, i) => {
      for (const before of list) this.#successors[before].push(i);
    });
    this.#readersOf = this.#buffers.bytes.map(() => []);
    this.#buffers.reads.forEach((list, i) => {
      for (const buffer of list) this.#readersOf[buffer].push(i);
    });
  }

  start(): State {
    const { bytes, inputs } = this.#buffers;
    const alive = inputs.reduce((sum, buffer) => sum + bytes[buffer], 0);
    const done = new Uint32Array(Math.ceil(this.#predecessors.length / 32));
    return { key: done.join(), done, alive, peak: alive, node: -1, before: undefined };
  }

  /** Nodes worth running next. */
  next(state: State): number[] {
    const { done } = state;
    const ready = this.#predecessors.flatMap((list, i) =>
      !has(done, i) && list.every((before) => has(done, before)) ? [i] : [],
    );
    // Running a node that frees at least what it takes, below the peak so far, cannot be a mistake.
    const free = ready.find((node) => {
      const after = this.run(state, node);
      return after.alive <= state.alive && after.peak === state.peak;
    });
    if (free !== undefined) return [free];
    const wanted = ready.filter((node) => this.#buffers.reads[node].length > 0 || this.#isAwaited(node, done));
    return wanted.length > 0 ? wanted : ready;
  }

  /** Whether a node without inputs is all that one of its readers, apart from other such nodes, waits for. Earlier it would only take room. */
  #isAwaited(node: number, done: Uint32Array): boolean {
    const { reads } = this.#buffers;
    return this.#successors[node].some((reader) =>
      this.#predecessors[reader].every((before) => has(done, before) || reads[before].length === 0),
    );
  }

  run(state: State, node: number): State {
    const { bytes, reads, writes, readers } = this.#buffers;
    const done = state.done.slice();
    done[node >> 5] |= 1 << (node & 31);
    let alive = state.alive;
    for (const buffer of writes[node]) alive += bytes[buffer];
    const peak = Math.max(state.peak, alive);
    for (const buffer of [...reads[node], ...writes[node]]) {
      const finished = this.#readersOf[buffer].filter((reader) => has(done, reader)).length;
      if (finished === readers[buffer]) alive -= bytes[buffer];
    }
    return { key: done.join(), done, alive, peak, node, before: state };
  }
}

function better(a: State, b: State): number {
  return a.peak - b.peak || a.alive - b.alive;
}

/** Indices of the nodes in the order with the smallest peak found. */
export function smallestPeakOrder(graph: Graph): number[] {
  const scheduler = new Scheduler(graph);
  let level = [scheduler.start()];
  for (let count = 0; count < graph.nodes.length; count++) {
    const next = new Map<string, State>();
    for (const state of level) {
      for (const node of scheduler.next(state)) {
        const reached = scheduler.run(state, node);
        const known = next.get(reached.key);
        if (known === undefined || better(reached, known) < 0) next.set(reached.key, reached);
      }
    }
    level = [...next.values()];
    if (level.length > BEAM) level = level.sort(better).slice(0, BEAM);
  }
  const order: number[] = [];
  for (
    let state: State | undefined = level.sort(better)[0];
    state !== undefined && state.node >= 0;
    state = state.before
  )
    order.push(state.node);
  return order.reverse();
}

export const reorder: Pass = {
  name: 'reorder',
  purpose: 'puts nodes in the order with the smallest peak of activation memory',
  run(graph) {
    const order = smallestPeakOrder(graph);
    if (peakBytes(graph, order) >= peakBytes(graph)) return graph;
    return { ...graph, nodes: order.map((i) => graph.nodes[i]) };
  },
};
