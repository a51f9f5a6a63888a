/** Links steps that hand their state on to each other and share their weights. */
import type { Graph, Node } from '../../ir/graph.ts';
import type { GraphEditor } from '../graph-editor.ts';
import type { Source } from './affine-form.ts';
import type { Cell } from './cell.ts';
import { gruCell } from './gru-cell.ts';
import { lstmCell } from './lstm-cell.ts';
import { rnnCell } from './rnn-cell.ts';
import { type StepWeights, sameLayer, stepWeights } from './step-weights.ts';

export interface Chain {
  readonly cells: readonly Cell[];
  /** Input of each step. */
  readonly sources: readonly Source[];
  /** Complete: of a step whose state is not zero. */
  readonly weights: StepWeights;
  /** Values [N, H] before the first step; absent where they are zero. */
  readonly initialH: string | undefined;
  readonly initialC: string | undefined;
}

export function isZero(editor: GraphEditor, name: string | undefined): boolean {
  const constant = editor.constant(name);
  return constant?.data.every((value: number | bigint) => Number(value) === 0) ?? false;
}

function cellOf(editor: GraphEditor, node: Node): Cell | undefined {
  if (node.outputs.length !== 1 || editor.typeOf(node.outputs[0]).dtype !== 'float32') return undefined;
  if (editor.typeOf(node.outputs[0]).shape.length !== 2) return undefined;
  if (node.op.kind === 'Unary') return rnnCell(editor, node);
  if (node.op.kind !== 'Binary' || node.op.clamp !== undefined) return undefined;
  if (node.op.fn === 'Mul') return lstmCell(editor, node);
  return node.op.fn === 'Add' ? gruCell(editor, node) : undefined;
}

const sourcesOf = ({ gates, afterReset }: Cell): Source[] =>
  [...gates, ...(afterReset === undefined ? [] : [afterReset])].flatMap(({ terms }) =>
    terms.map(({ source }) => source),
  );

/** The step before `cell`, by the states that it reads. */
function previousOf(cell: Cell, byState: ReadonlyMap<string, Cell>): Cell | undefined {
  for (const { key } of sourcesOf(cell)) {
    const before = byState.get(key);
    if (before === undefined || before.kind !== cell.kind) continue;
    if (cell.kind === 'LSTM' && before.c !== cell.cBefore) continue;
    if (cell.kind === 'GRU' && before.h !== cell.hBefore) continue;
    return before;
  }
  return undefined;
}

/** How the first step reads its state, given what the second one's weights are; undefined when it is of another layer. */
function headWeights(editor: GraphEditor, head: Cell, next: Cell, weights: StepWeights): StepWeights | undefined {
  const zeroStart = isZero(editor, head.kind === 'LSTM' ? head.cBefore : head.hBefore) || head.kind === 'RNN';
  const keys = new Set<string | undefined>(sourcesOf(head).map(({ key }) => key));
  if (head.kind === 'GRU') for (const key of keys) if (key !== head.hBefore) keys.delete(key);
  if (zeroStart) keys.add(undefined);
  for (const key of keys) {
    const own = stepWeights(head, key);
    const complete = own?.recurrent.every((view) => view !== undefined) ?? false;
    if (own !== undefined && (complete || zeroStart) && sameLayer(editor, head, own, next, weights)) return own;
  }
  return undefined;
}

interface Growing {
  readonly cells: Cell[];
  readonly sources: Source[];
  readonly weights: StepWeights;
  readonly initialH: string | undefined;
  readonly initialC: string | undefined;
}

/** Begins with `before` where that is a step of the same layer, else takes its results as the initial state. */
function begin(editor: GraphEditor, before: Cell, cell: Cell, weights: StepWeights, free: boolean): Growing {
  const own = free ? headWeights(editor, before, cell, weights) : undefined;
  if (own === undefined)
    return { cells: [cell], sources: [weights.x], weights, initialH: before.h, initialC: before.c };
  const start = before.kind === 'GRU' ? before.hBefore : own.h?.value;
  const initial = (name: string | undefined) => (name === undefined || isZero(editor, name) ? undefined : name);
  return {
    cells: [before, cell],
    sources: [own.x, weights.x],
    weights,
    initialH: initial(start),
    initialC: initial(before.cBefore),
  };
}

/** All chains of at least two steps. */
export function findChains(graph: Graph, editor: GraphEditor): Chain[] {
  const byState = new Map<string, Cell>();
  const chainOf = new Map<Cell, Growing>();
  for (const node of graph.nodes) {
    const cell = cellOf(editor, node);
    if (cell === undefined) continue;
    const before = previousOf(cell, byState);
    byState.set(cell.h, cell);
    const weights = before && stepWeights(cell, before.h);
    if (before === undefined || weights === undefined || weights.recurrent.includes(undefined)) continue;
    const chain = chainOf.get(before);
    if (chain?.cells.at(-1) === before && sameLayer(editor, before, chain.weights, cell, weights)) {
      chain.cells.push(cell);
      chain.sources.push(weights.x);
      chainOf.set(cell, chain);
      continue;
    }
    const started = begin(editor, before, cell, weights, chain === undefined);
    for (const each of started.cells) chainOf.set(each, started);
  }
  return [...new Set(chainOf.values())].filter(({ cells }) => cells.length > 1);
}
