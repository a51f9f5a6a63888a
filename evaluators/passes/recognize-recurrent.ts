/**
 * Recognises LSTM, GRU and simple recurrent layers in graphs that hold one step after the other: cells written by hand and unrolled, decomposed
 * exports, unrolled Loop and Scan. One step is matched as affine forms behind activations (recurrent/…-cell.ts), steps that hand on their
 * state and share their weights are linked (find-chains.ts), a chain becomes one operator (replace-chain.ts).
 */
import type { Graph } from '../ir/graph.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';
import { findChains } from './recurrent/find-chains.ts';
import { replaceChain } from './recurrent/replace-chain.ts';

/** Every layer has one of these activations; graphs without them are left at once. */
const ACTIVATIONS: ReadonlySet<string> = new Set(['Tanh', 'Sigmoid', 'HardSigmoid', 'Softsign', 'Relu']);

/** Bounds the work on a graph made to cost time. */
const MOST_LAYERS = 64;

function recognizeOne(graph: Graph): Graph | undefined {
  const editor = new GraphEditor(graph);
  for (const chain of findChains(graph, editor).slice(0, MOST_LAYERS)) {
    const replaced = replaceChain(graph, editor, chain);
    if (replaced !== undefined) return replaced;
  }
  return undefined;
}

export const recognizeRecurrent: Pass = {
  name: 'recognize-recurrent',
  purpose: 'turns unrolled recurrent steps into LSTM, GRU and RNN',
  run(graph) {
    if (!graph.nodes.some(({ op }) => op.kind === 'Unary' && ACTIVATIONS.has(op.fn))) return graph;
    let current = graph;
    for (let count = 0; count < MOST_LAYERS; count++) {
      const next = recognizeOne(current);
      if (next === undefined) break;
      current = next;
    }
    return current;
  },
};
