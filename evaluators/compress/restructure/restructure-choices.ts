/**
 * The structure changes worth offering to a search for one layer, by name. From shapes alone: only changes that lower the layer's
 * multiply-accumulates, counted as `restructure` would build them.
 */
import type { Restructure } from '../../compression-plan.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount } from '../../ir/tensor.ts';

export interface RestructureChoice {
  readonly name: 'depthwiseSeparable' | 'lowRankHalf' | 'lowRankQuarter' | 'smallerKernel';
  readonly change: Restructure;
}

/** Of an ordinary convolution or dense layer; empty for others. */
export function restructureChoices(graph: Graph, node: Node): RestructureChoice[] {
  const { op } = node;
  const weight = graph.initializers.get(node.inputs[1] ?? '');
  if (weight === undefined || weight.dtype !== 'float32') return [];
  if (op.kind === 'Conv' && op.group === 1) return convChoices(weight.shape, elementCount(op.strides));
  if (op.kind === 'MatMul' || (op.kind === 'Gemm' && !op.transA)) {
    return weight.shape.length === 2 ? denseChoices(weight.shape[0], weight.shape[1]) : [];
  }
  return [];
}

/** `strides`: input positions per output position, where 1×1 convolutions in front of the kernel work. */
function convChoices(shape: readonly number[], strides: number): RestructureChoice[] {
  const [outputs, inputs, ...axes] = shape;
  const kernel = elementCount(axes);
  const full = outputs * inputs * kernel;
  const choices: RestructureChoice[] = [];
  if (kernel > 1 && inputs * (kernel + outputs) < full) {
    choices.push({ name: 'depthwiseSeparable', change: 'depthwiseSeparable' });
  }
  const rankCost = (rank: number): number => {
    if (kernel === 1) return rank * (inputs + outputs);
    const reduce = rank < inputs ? rank * inputs * strides : 0;
    const expand = rank < outputs ? rank * outputs : 0;
    return reduce + Math.min(rank, inputs) * Math.min(rank, outputs) * kernel + expand;
  };
  choices.push(
    ...rankChoices(Math.max(outputs, inputs), rankCost, full, kernel === 1 ? Math.min(outputs, inputs) : Infinity),
  );
  const longest = Math.max(...axes);
  if (longest > 1) choices.push({ name: 'smallerKernel', change: { kernel: Math.ceil(longest / 2) } });
  return choices;
}

function denseChoices(inputs: number, outputs: number): RestructureChoice[] {
  const most = Math.min(inputs, outputs);
  return rankChoices(most, (rank) => rank * (inputs + outputs), inputs * outputs, most);
}

function rankChoices(width: number, cost: (rank: number) => number, full: number, below: number): RestructureChoice[] {
  const named = [
    { name: 'lowRankHalf', rank: Math.round(width / 2) },
    { name: 'lowRankQuarter', rank: Math.round(width / 4) },
  ] as const;
  return named.flatMap(({ name, rank }) =>
    rank >= 1 && rank < below && cost(rank) < full ? [{ name, change: { lowRank: rank } }] : [],
  );
}
