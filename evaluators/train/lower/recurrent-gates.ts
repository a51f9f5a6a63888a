/**
 * What LSTM and GRU have in common over all time steps: where a direction's parameters and buffers lie, gates from the input, and the
 * gradients of both weight matrices and biases, each one product over all steps.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { bits } from '../kernels.ts';
import type { Builder } from './builder.ts';
import { emitProduct, type Matrix, transposed } from './dense.ts';

export type RecurrentNode = Node<OpOf<'LSTM'> | OpOf<'GRU'>>;

export interface Layer {
  readonly node: RecurrentNode;
  readonly steps: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly gates: number;
  /** Elements between samples and between time steps of x. */
  readonly sampleStride: number;
  readonly timeStride: number;
}

/** One direction of one layer: where its parameters and buffers lie. */
export interface Direction {
  readonly index: number;
  readonly reverse: boolean;
  readonly w: number;
  readonly r: number;
  /** Input and recurrent bias, 0 when absent. */
  readonly bias: readonly [number, number];
  readonly g: number;
  readonly h: number;
  readonly c: number;
  /** Table of the rows of x in processing order. */
  readonly rows: number;
}

export interface Cell {
  forward(dir: Direction, x: number): void;
  /** `states` and `memory`: gradients of h and c in processing order. */
  backward(dir: Direction, x: number, states: number, memory: number): void;
}

export function dense(offset: number, columns: number): Matrix {
  return { offset, rowStride: columns, columnStride: 1 };
}

/** Gates of all steps from the input: g = x · Wᵀ + bias. */
export function emitInputGates(b: Builder, layer: Layer, x: number, dir: Direction, bias: number): void {
  const { steps, batch, inputs, hidden, gates } = layer;
  const width = gates * hidden;
  const rows = steps * batch;
  const operands = [x, dir.rows, b.range(inputs, 1), dir.w, b.range(inputs, 1), b.range(width, inputs)];
  b.emit(
    'gemm',
    rows,
    width,
    inputs,
    ...operands,
    dir.g,
    b.range(rows, width),
    b.range(width, 1),
    bias === 0 ? 0 : 4,
    bias,
    0,
    0,
  );
}

/** Adds both biases into one row. */
export function emitBothBiases(b: Builder, dir: Direction, width: number): number {
  if (dir.bias[0] === 0) return 0;
  const sum = b.arena.allocate(width);
  b.emit('copy', dir.bias[0], sum, 0, 1, width, 1, 1);
  b.emit('axpy', dir.bias[1], sum, width, bits(1));
  return sum;
}

/** Where direction `d`'s part of a parameter's gradient goes; both directions share one buffer, cleared once. */
function parameterGradient(b: Builder, name: string, skip: number): number {
  return b.gradientSum(name) + 4 * skip;
}

/** dW, the input bias and dx from the gate gradients of all steps. */
export function emitInputGradients(b: Builder, layer: Layer, dir: Direction, x: number, dg: number): void {
  const { steps, batch, inputs, hidden, gates, node } = layer;
  const [xName, wName, , biasName = ''] = node.inputs;
  const width = gates * hidden;
  const rows = steps * batch;
  if (b.wants(wName)) {
    const dw = parameterGradient(b, wName, dir.index * width * inputs);
    const operands = [dg, b.range(width, 1), b.range(rows, width), x, dir.rows, b.range(inputs, 1)];
    b.emit('gemm', width, inputs, rows, ...operands, dw, b.range(width, inputs), b.range(inputs, 1), 1, 0, 0, 0);
  }
  if (biasName !== '' && b.wants(biasName)) {
    const db = parameterGradient(b, biasName, dir.index * 2 * width);
    b.emit('channel_sum', dg, db, rows, width, 1, 1);
  }
  if (b.wants(xName)) {
    const dx = b.gradientSum(xName);
    const operands = [dg, b.range(rows, width), b.range(width, 1), dir.w, b.range(width, inputs), b.range(inputs, 1)];
    b.emit('gemm', rows, inputs, width, ...operands, dx, dir.rows, b.range(inputs, 1), 1, 0, 0, 0);
  }
}

/** dR[gates from..to] += dgᵀ · states, and the recurrent bias, over all steps at once. */
export function emitRecurrentGradients(
  b: Builder,
  layer: Layer,
  dir: Direction,
  dg: number,
  states: number,
  from: number,
  to: number,
): void {
  const { steps, batch, hidden, gates, node } = layer;
  const [, , rName, biasName = ''] = node.inputs;
  const width = gates * hidden;
  const rows = steps * batch;
  const size = (to - from) * hidden;
  if (b.wants(rName)) {
    const dr = parameterGradient(b, rName, (dir.index * width + from * hidden) * hidden);
    const errors = { offset: dg + 4 * from * hidden, rowStride: width, columnStride: 1 };
    emitProduct(b, size, hidden, rows, transposed(errors), dense(states, hidden), dense(dr, hidden), { accumulate: 1 });
  }
  if (biasName !== '' && b.wants(biasName) && from === 0) {
    const db = parameterGradient(b, biasName, dir.index * 2 * width + width);
    b.emit('channel_sum', dg, db, rows, width, 1, 1);
  }
}
