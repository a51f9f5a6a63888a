/**
 * Recurrent layers as exporters write them when they have no LSTM or GRU operator at hand: one step after the other, in the manners of PyTorch
 * cells, Keras cells (tf2onnx) and TensorFlow's BasicLSTMCell.
 */
import {
  elementCount,
  type Graph,
  inferTypes,
  type Node,
  type Op,
  type Tensor,
  tensor,
  type ValueInfo,
} from '@tinypareto/evaluators';
import { noise } from './random-graph.ts';

export interface UnrolledLayer {
  readonly steps: number;
  readonly batch: number;
  readonly width: number;
  readonly hidden: number;
  readonly reversed: boolean;
  /** How a step's input is made from the sequence. */
  readonly cut: 'gather' | 'slice' | 'split' | 'separate' | 'projected';
  readonly start: 'zero' | 'constant' | 'input';
  /** What leaves the graph: every hidden state stacked, or the last states. */
  readonly outputs: 'all' | 'last';
  /** How the cell is written; each kind of cell understands it in its own way. */
  readonly style: number;
}

export class GraphWriter {
  readonly nodes: Node[] = [];
  readonly inputs: ValueInfo[] = [];
  readonly #values = new Map<string, ValueInfo>();
  readonly #constants = new Map<string, Tensor>();
  #seed = 1;

  constant(value: Tensor): string {
    const name = `k${this.#constants.size}`;
    this.#constants.set(name, value);
    this.#values.set(name, { name, dtype: value.dtype, shape: value.shape });
    return name;
  }

  weights(...shape: number[]): string {
    return this.constant(tensor('float32', shape, noise(this.#seed++, elementCount(shape))));
  }

  filled(value: number, ...shape: number[]): string {
    return this.constant(tensor('float32', shape, new Float32Array(elementCount(shape)).fill(value)));
  }

  input(name: string, ...shape: number[]): string {
    const info: ValueInfo = { name, dtype: 'float32', shape };
    this.inputs.push(info);
    this.#values.set(name, info);
    return name;
  }

  emitAll(op: Op, ...inputs: string[]): string[] {
    const types = inferTypes(
      op,
      inputs.map((name) => this.#values.get(name)),
    );
    const outputs = types.map(({ dtype, shape }, i) => {
      const name = `v${this.nodes.length}.${i}`;
      this.#values.set(name, { name, dtype, shape });
      return name;
    });
    this.nodes.push({ name: `node${this.nodes.length}`, op, inputs, outputs });
    return outputs;
  }

  emit(op: Op, ...inputs: string[]): string {
    return this.emitAll(op, ...inputs)[0] ?? '';
  }

  unary(fn: 'Sigmoid' | 'Tanh' | 'Relu', x: string): string {
    return this.emit({ kind: 'Unary', fn, alpha: 0, beta: 0 }, x);
  }

  binary(fn: 'Add' | 'Mul' | 'Sub', a: string, b: string): string {
    return this.emit({ kind: 'Binary', fn }, a, b);
  }

  split(x: string, parts: number, size: number): string[] {
    return this.emitAll({ kind: 'Split', axis: 1, sizes: new Array<number>(parts).fill(size) }, x);
  }

  /** Columns `part` · size … as PyTorch's indexing writes them. */
  columns(x: string, part: number, size: number): string {
    const rows = this.#values.get(x)?.shape[0] ?? 1;
    return this.emit({ kind: 'Slice', starts: [0, part * size], steps: [1, 1], sizes: [rows, size] }, x);
  }

  reshape(x: string, ...shape: number[]): string {
    return this.emit({ kind: 'Reshape', shape }, x);
  }

  finish(outputs: readonly string[]): Graph {
    return {
      name: 'unrolled',
      inputs: this.inputs,
      outputs,
      nodes: this.nodes,
      initializers: this.#constants,
      values: this.#values,
    };
  }
}

/** One step: its input (or the projection of it) and the old states to the new ones. */
type Step = (x: string, h: string, c: string) => { readonly h: string; readonly c: string };

interface Projection {
  /** Weights of the input, as [width, columns]. */
  readonly w: string;
  /** Turns a step's input into x · w, or takes the ready product. */
  readonly apply: (x: string) => string;
}

function projection(g: GraphWriter, layer: UnrolledLayer, columns: number): Projection {
  const w = g.weights(layer.width, columns);
  const ready = layer.cut === 'projected';
  return { w, apply: (x) => (ready ? x : g.emit({ kind: 'MatMul' }, x, w)) };
}

const gemm: Op = { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB: true };

export function lstmStep(g: GraphWriter, layer: UnrolledLayer): { step: Step; projection: Projection } {
  const { hidden, width, style } = layer;
  const project = projection(g, layer, 4 * hidden);
  const [r, b] = [g.weights(hidden, 4 * hidden), g.weights(4 * hidden)];
  const [rTorch, bTorch] = [g.weights(4 * hidden, hidden), g.weights(4 * hidden)];
  const joined = g.weights(width + hidden, 4 * hidden);
  const forgetBias = g.filled(1);
  const sums = (x: string, h: string): string => {
    const style3 = layer.cut === 'projected' ? style % 2 : style % 3;
    if (style3 === 0) return g.binary('Add', g.binary('Add', project.apply(x), g.emit({ kind: 'MatMul' }, h, r)), b);
    if (style3 === 1) return g.binary('Add', g.emit(gemm, h, rTorch, bTorch), project.apply(x));
    return g.binary('Add', g.emit({ kind: 'MatMul' }, g.emit({ kind: 'Concat', axis: 1 }, x, h), joined), b);
  };
  const step: Step = (x, h, c) => {
    const z = sums(x, h);
    const parts = style % 2 === 0 ? g.split(z, 4, hidden) : [0, 1, 2, 3].map((part) => g.columns(z, part, hidden));
    const [i = '', f = '', o = '', candidate = ''] = parts;
    const forget = g.unary('Sigmoid', style % 5 === 0 ? g.binary('Add', f, forgetBias) : f);
    const added = g.binary('Mul', g.unary('Sigmoid', i), g.unary('Tanh', candidate));
    const kept = g.binary('Mul', forget, c);
    const next = style % 2 === 0 ? g.binary('Add', kept, added) : g.binary('Add', added, kept);
    return { c: next, h: g.binary('Mul', g.unary('Tanh', next), g.unary('Sigmoid', o)) };
  };
  return { step, projection: project };
}

export function gruStep(g: GraphWriter, layer: UnrolledLayer): { step: Step; projection: Projection } {
  const { hidden, style } = layer;
  const project = projection(g, layer, 3 * hidden);
  const [r, b] = [g.weights(3 * hidden, hidden), g.weights(3 * hidden)];
  const [rGates, rCandidate] = [g.weights(hidden, 2 * hidden), g.weights(hidden, hidden)];
  const ones = g.filled(1);
  const mix = (z: string, n: string, h: string): string => {
    if (style % 3 === 0) return g.binary('Add', g.binary('Mul', g.binary('Sub', ones, z), n), g.binary('Mul', z, h));
    if (style % 3 === 1) return g.binary('Add', n, g.binary('Mul', z, g.binary('Sub', h, n)));
    return g.binary('Add', g.binary('Mul', z, n), g.binary('Mul', g.binary('Sub', ones, z), h));
  };
  /** PyTorch, Keras with reset_after: r scales the product of the state. */
  const after: Step = (x, h, c) => {
    const [xr = '', xz = '', xn = ''] = g.split(project.apply(x), 3, hidden);
    const [hr = '', hz = '', hn = ''] = g.split(g.emit(gemm, h, r, b), 3, hidden);
    const reset = g.unary('Sigmoid', g.binary('Add', xr, hr));
    const z = g.unary('Sigmoid', g.binary('Add', hz, xz));
    const n = g.unary('Tanh', g.binary('Add', xn, g.binary('Mul', reset, hn)));
    return { h: mix(z, n, h), c };
  };
  /** The original: r scales the state before its product. */
  const before: Step = (x, h, c) => {
    const [xr = '', xz = '', xn = ''] = g.split(g.binary('Add', project.apply(x), b), 3, hidden);
    const both = g.emit({ kind: 'MatMul' }, h, rGates);
    const reset = g.unary('Sigmoid', g.binary('Add', xr, g.columns(both, 0, hidden)));
    const z = g.unary('Sigmoid', g.binary('Add', xz, g.columns(both, 1, hidden)));
    const scaled = g.emit({ kind: 'MatMul' }, g.binary('Mul', reset, h), rCandidate);
    return { h: mix(z, g.unary('Tanh', g.binary('Add', xn, scaled)), h), c };
  };
  return { step: style % 2 === 0 ? after : before, projection: project };
}

export function rnnStep(g: GraphWriter, layer: UnrolledLayer): { step: Step; projection: Projection } {
  const project = projection(g, layer, layer.hidden);
  const [r, b] = [g.weights(layer.hidden, layer.hidden), g.weights(layer.hidden)];
  const fn = layer.style % 2 === 0 ? 'Tanh' : 'Relu';
  const step: Step = (x, h, c) => {
    const sum = g.binary('Add', project.apply(x), g.emit({ kind: 'MatMul' }, h, r));
    return { h: g.unary(fn, g.binary('Add', sum, b)), c };
  };
  return { step, projection: project };
}

/** The input of each step, [batch, columns]. */
function stepInputs(g: GraphWriter, layer: UnrolledLayer, { w }: Projection): string[] {
  const { steps, batch, width, cut } = layer;
  const times = Array.from({ length: steps }, (_, t) => t);
  if (cut === 'separate') return times.map((t) => g.input(`x${t}`, batch, width));
  const x = g.input('x', batch, steps, width);
  const index = (t: number): string => g.constant(tensor('int64', [], BigInt64Array.of(BigInt(t))));
  if (cut === 'gather') return times.map((t) => g.emit({ kind: 'Gather', axis: 1 }, x, index(t)));
  if (cut === 'projected') {
    const all = g.emit({ kind: 'MatMul' }, x, w);
    return times.map((t) => g.emit({ kind: 'Gather', axis: 1 }, all, index(t)));
  }
  if (cut === 'split')
    return g
      .emitAll({ kind: 'Split', axis: 1, sizes: new Array<number>(steps).fill(1) }, x)
      .map((part) => g.reshape(part, batch, width));
  return times.map((t) => {
    const one = g.emit({ kind: 'Slice', starts: [0, t, 0], steps: [1, 1, 1], sizes: [batch, 1, width] }, x);
    return g.reshape(one, batch, width);
  });
}

/** The whole unrolled graph. */
export function unrolledGraph(kind: 'LSTM' | 'GRU' | 'RNN', layer: UnrolledLayer): Graph {
  const { batch, hidden, start, outputs, reversed } = layer;
  const g = new GraphWriter();
  const { step, projection: project } = { LSTM: lstmStep, GRU: gruStep, RNN: rnnStep }[kind](g, layer);
  const xs = stepInputs(g, layer, project);
  const state = (name: string): string => {
    if (start === 'zero') return g.filled(0, batch, hidden);
    return start === 'constant' ? g.weights(batch, hidden) : g.input(name, batch, hidden);
  };
  let now = { h: state('h0'), c: kind === 'LSTM' ? state('c0') : '' };
  const all: string[] = [];
  for (const x of reversed ? xs.toReversed() : xs) {
    now = step(x, now.h, now.c);
    all.push(now.h);
  }
  const last = kind === 'LSTM' ? [now.h, now.c] : [now.h];
  if (outputs === 'last') return g.finish(last);
  const inTime = reversed ? all.toReversed() : all;
  const rows = inTime.map((h) => g.reshape(h, batch, 1, hidden));
  return g.finish([g.emit({ kind: 'Concat', axis: 1 }, ...rows)]);
}
