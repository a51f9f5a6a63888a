/** Puts one LSTM, GRU or RNN in the place of a chain of steps; every hidden state that others read becomes a piece of its result. */
import type { Graph, Node, ValueInfo } from '../../ir/graph.ts';
import type { Op, Recurrent } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { inferTypes } from '../../ops/evaluate-node.ts';
import { deadCode } from '../dead-code.ts';
import type { GraphEditor } from '../graph-editor.ts';
import { aroundAxis } from '../piece-of.ts';
import { topologicalOrder } from '../topological-order.ts';
import type { Cell } from './cell.ts';
import type { Chain } from './find-chains.ts';
import { writeTransposed } from './matrix-view.ts';

/** New nodes and values for one replacement. */
class Addition {
  readonly nodes: Node[] = [];
  readonly values: Map<string, ValueInfo>;
  readonly initializers: Map<string, Tensor>;
  readonly #taken: Set<string>;
  readonly #base: string;

  constructor(graph: Graph, base: string) {
    this.values = new Map(graph.values);
    this.initializers = new Map(graph.initializers);
    this.#taken = new Set(graph.nodes.map(({ name }) => name));
    this.#base = base;
  }

  #fresh(role: string, taken: { has(name: string): boolean }): string {
    let name = `${this.#base}/${role}`;
    for (let count = 1; taken.has(name); count++) name = `${this.#base}/${role}_${count}`;
    return name;
  }

  shapeOf(name: string): readonly number[] {
    return this.values.get(name)?.shape ?? [];
  }

  constant(role: string, shape: readonly number[], data: Float32Array): string {
    const name = this.#fresh(role, this.values);
    this.initializers.set(name, { dtype: 'float32', shape, data });
    this.values.set(name, { name, dtype: 'float32', shape });
    return name;
  }

  /** Adds a node; its outputs get new names, or the given ones. */
  emit(role: string, op: Op, inputs: readonly string[], outputs?: readonly string[]): string[] {
    const types = inferTypes(
      op,
      inputs.map((name) => (name === '' ? undefined : this.values.get(name))),
    );
    const names = types.map(({ dtype, shape }, i) => {
      const name = outputs?.[i] ?? this.#fresh(types.length > 1 ? `${role}${i}` : role, this.values);
      this.values.set(name, { name, dtype, shape });
      return name;
    });
    const name = this.#fresh(role, this.#taken);
    this.#taken.add(name);
    this.nodes.push({ name, op, inputs, outputs: names });
    return names;
  }
}

interface Sequence {
  /** [T, N, I] */
  readonly value: string;
  readonly reversed: boolean;
}

/** Inputs that are neighbouring pieces of one tensor: the tensor with the steps in front. */
function cutSequence(add: Addition, { sources }: Chain, shape: readonly number[]): Sequence | undefined {
  const pieces = sources.map(({ piece }) => piece);
  const [first, second] = pieces;
  if (first === undefined || second === undefined) return undefined;
  const stride = second.index - first.index;
  const along = pieces.every(
    (piece, i) =>
      piece?.tensor === first.tensor && piece.axis === first.axis && piece.index === first.index + stride * i,
  );
  const { tensor, axis } = first;
  const whole = add.shapeOf(tensor);
  const { outer, length, inner } = aroundAxis(whole, axis);
  const [steps, batch, width] = shape;
  if (!along || Math.abs(stride) !== 1 || outer * inner !== batch * width) return undefined;
  let value = tensor;
  if (length !== steps) {
    const start = Math.min(first.index, first.index + stride * (steps - 1));
    const starts = whole.map((_, i) => (i === axis ? start : 0));
    const sizes = whole.map((size, i) => (i === axis ? steps : size));
    [value] = add.emit('steps', { kind: 'Slice', starts, steps: whole.map(() => 1), sizes }, [value]);
  }
  if (outer !== 1) {
    [value] = add.emit('view', { kind: 'Reshape', shape: [outer, steps, inner] }, [value]);
    [value] = add.emit('steps_first', { kind: 'Transpose', perm: [1, 0, 2] }, [value]);
  }
  [value] = add.emit('x', { kind: 'Reshape', shape }, [value]);
  return { value, reversed: stride < 0 };
}

function stackedSequence(add: Addition, { sources }: Chain, [, batch, width]: readonly number[]): Sequence | undefined {
  const rows: string[] = [];
  for (const { value } of sources) {
    if (value === undefined || add.shapeOf(value).join() !== [batch, width].join()) return undefined;
    rows.push(...add.emit('step', { kind: 'Reshape', shape: [1, batch, width] }, [value]));
  }
  const [value] = add.emit('x', { kind: 'Concat', axis: 0 }, rows);
  return { value, reversed: false };
}

/** W [1, G·H, I] and R [1, G·H, H], B [1, 2·G·H]. */
function parameters(add: Addition, editor: GraphEditor, { weights }: Chain, hidden: number, width: number): string[] {
  const gates = weights.input.length;
  const w = new Float32Array(gates * hidden * width);
  const r = new Float32Array(gates * hidden * hidden);
  weights.input.forEach((view, gate) => {
    writeTransposed(editor, view, w, gate * hidden * width);
  });
  weights.recurrent.forEach((view, gate) => {
    if (view !== undefined) writeTransposed(editor, view, r, gate * hidden * hidden);
  });
  const bias = [...weights.inputBias, ...weights.recurrentBias].flatMap((row) => [...row]);
  return [
    add.constant('w', [1, gates * hidden, width], w),
    add.constant('r', [1, gates * hidden, hidden], r),
    add.constant('bias', [1, bias.length], Float32Array.from(bias)),
  ];
}

function operatorOf({ cells: [cell] }: Chain, hiddenSize: number, reversed: boolean): Op {
  const base: Recurrent = {
    hiddenSize,
    direction: reversed ? 'reverse' : 'forward',
    activations: cell.activations,
    clip: null,
    batchFirst: false,
  };
  if (cell.kind === 'LSTM') return { kind: 'LSTM', inputForget: false, ...base };
  return cell.kind === 'GRU'
    ? { kind: 'GRU', linearBeforeReset: cell.afterReset !== undefined, ...base }
    : { kind: 'RNN', ...base };
}

/** The graph with the layer; undefined when the chain does not fit one, when something between the steps needs them apart, or nothing is won. */
export function replaceChain(graph: Graph, editor: GraphEditor, chain: Chain): Graph | undefined {
  const { cells, weights, initialH, initialC } = chain;
  const [batch, hidden] = editor.typeOf(cells[0].h).shape;
  const [from, to] = weights.input[0].rows;
  const width = to - from;
  const square = weights.recurrent.every((view) => view !== undefined && view.rows[1] - view.rows[0] === hidden);
  const states = [initialH, initialC].filter((name) => name !== undefined);
  const fits = states.every((name) => editor.typeOf(name).shape.join() === [batch, hidden].join());
  if (!square || !fits) return undefined;
  const last = cells[cells.length - 1];
  const add = new Addition(graph, last.node.name);
  const shape = [cells.length, batch, width];
  const sequence = cutSequence(add, chain, shape) ?? stackedSequence(add, chain, shape);
  if (sequence === undefined) return undefined;
  const state = (role: string, name: string | undefined): string =>
    name === undefined ? '' : add.emit(role, { kind: 'Reshape', shape: [1, batch, hidden] }, [name])[0];
  const tail = ['', state('h0', initialH), ...(last.kind === 'LSTM' ? [state('c0', initialC)] : [])];
  while (tail.at(-1) === '') tail.pop();
  const op = operatorOf(chain, hidden, sequence.reversed);
  const inputs = [sequence.value, ...parameters(add, editor, chain, hidden, width), ...tail];
  const [y, yh, yc] = add.emit(last.kind.toLowerCase(), op, inputs);
  const piece = { steps: [1, 1, 1, 1], sizes: [1, 1, batch, hidden] };
  const cutState = (step: number): void => {
    const at = sequence.reversed ? cells.length - 1 - step : step;
    const [cut] = add.emit('step', { kind: 'Slice', starts: [at, 0, 0, 0], ...piece }, [y]);
    add.emit('h', { kind: 'Reshape', shape: [batch, hidden] }, [cut], [cells[step].h]);
  };
  for (let step = 0; step < cells.length - 1; step++) cutState(step);
  if (last.c !== undefined) add.emit('c', { kind: 'Reshape', shape: [batch, hidden] }, [yc], [last.c]);
  // Where only the last state is read the layer need not keep all of them; where all are, they are stacked from equal pieces.
  if (readsBetween(graph, add, cells)) cutState(cells.length - 1);
  else add.emit('h', { kind: 'Reshape', shape: [batch, hidden] }, [yh], [last.h]);
  return joined(graph, add);
}

/** Whether the graph without the steps still reads a state before the last. */
function readsBetween(graph: Graph, add: Addition, cells: readonly Cell[]): boolean {
  const between = new Set(cells.slice(0, -1).map(({ h }) => h));
  const rest = deadCode.run({
    ...graph,
    nodes: withoutReplaced(
      graph,
      add,
      cells.map(({ h }) => h),
    ),
  });
  return [...rest.outputs, ...rest.nodes.flatMap(({ inputs }) => inputs)].some((name) => between.has(name));
}

/** The nodes of the graph that make none of the values that the addition makes. */
function withoutReplaced(graph: Graph, add: Addition, more: readonly string[] = []): Node[] {
  const replaced = new Set([...add.nodes.flatMap(({ outputs }) => outputs), ...more]);
  return graph.nodes.filter(({ outputs }) => !outputs.some((name) => replaced.has(name)));
}

/** undefined when something depends on itself, or nothing is won. */
function joined(graph: Graph, add: Addition): Graph | undefined {
  const nodes = topologicalOrder([...withoutReplaced(graph, add), ...add.nodes]);
  if (nodes === undefined) return undefined;
  const result = deadCode.run({ ...graph, nodes, values: add.values, initializers: add.initializers });
  return result.nodes.length < graph.nodes.length ? result : undefined;
}
