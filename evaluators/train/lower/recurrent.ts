/**
 * LSTM and GRU unrolled over time (ONNX definitions, default activations). Per direction, everything is kept in processing order s: gates
 * [T, B, G·H], states [T+1, B, H] with the initial state first, so that the states before each step are one matrix.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { bits } from '../kernels.ts';
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { emitCopy } from './copy.ts';
import { emitProduct, type Matrix, transposed } from './dense.ts';

type RecurrentNode = Node<OpOf<'LSTM'> | OpOf<'GRU'>>;

const DEFAULTS = { LSTM: ['sigmoid', 'tanh', 'tanh'], GRU: ['sigmoid', 'tanh'] };

interface Layer {
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
interface Direction {
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

function refuse(node: RecurrentNode): void {
  const { op } = node;
  const defaults = DEFAULTS[op.kind];
  const odd = op.activations.some(({ fn }, i) => fn.toLowerCase() !== defaults[i % defaults.length]);
  const extra = op.kind === 'LSTM' && (op.inputForget || (node.inputs[7] ?? '') !== '');
  if (odd || extra || op.clip !== null || (node.inputs[4] ?? '') !== '') {
    const text = `${op.kind} with clipping, peepholes, sequence lengths or other activations than the default cannot be trained`;
    throw new UnsupportedTrainingError(text, node.name);
  }
}

function dense(offset: number, columns: number): Matrix {
  return { offset, rowStride: columns, columnStride: 1 };
}

/** Copies an initial state [D, B or 1, H] of direction `d` (zero when absent) to `to`. */
function emitInitial(b: Builder, layer: Layer, name: string, d: number, to: number): void {
  const { batch, hidden, node } = layer;
  if (name === '') {
    b.emit('fill', to, batch * hidden, 0);
    return;
  }
  if (b.wants(name)) throw new UnsupportedTrainingError('a computed initial state cannot be trained', node.name);
  const { offset, shape } = b.slot(name);
  const first = node.op.batchFirst;
  const rows = first ? shape[0] : shape[1];
  const directions = first ? shape[1] : shape[0];
  const rowStride = first ? directions * hidden : hidden;
  const axes = [
    { size: batch, from: rows === 1 ? 0 : rowStride, to: hidden },
    { size: hidden, from: 1, to: 1 },
  ];
  emitCopy(b, offset + 4 * d * (first ? hidden : rows * hidden), to, axes, false);
}

function placeDirection(b: Builder, layer: Layer, d: number): Direction {
  const { node, steps, batch, inputs, hidden, gates, sampleStride, timeStride } = layer;
  const [, wName, rName, biasName = ''] = node.inputs;
  const width = gates * hidden;
  const reverse = node.op.direction === 'reverse' || d === 1;
  const bias = biasName === '' ? 0 : b.slot(biasName).offset + 4 * d * 2 * width;
  const state = (steps + 1) * batch * hidden;
  const rows = b.table(`time rows ${[steps, batch, sampleStride, timeStride, reverse].join()}`, () =>
    Int32Array.from({ length: steps * batch }, (_, i) => {
      const s = Math.floor(i / batch);
      return (i % batch) * sampleStride + (reverse ? steps - 1 - s : s) * timeStride;
    }),
  );
  return {
    index: d,
    reverse,
    w: b.slot(wName).offset + 4 * d * width * inputs,
    r: b.slot(rName).offset + 4 * d * width * hidden,
    bias: bias === 0 ? [0, 0] : [bias, bias + 4 * width],
    g: b.arena.allocate(steps * batch * width),
    h: b.arena.allocate(state),
    c: b.arena.allocate(state),
    rows,
  };
}

/** Gates of all steps from the input: g = x · Wᵀ + bias. */
function emitInputGates(b: Builder, layer: Layer, x: number, dir: Direction, bias: number): void {
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
function emitBothBiases(b: Builder, dir: Direction, width: number): number {
  if (dir.bias[0] === 0) return 0;
  const sum = b.arena.allocate(width);
  b.emit('copy', dir.bias[0], sum, 0, 1, width, 1, 1);
  b.emit('axpy', dir.bias[1], sum, width, bits(1));
  return sum;
}

/** Strides of direction d's rows in Y, in elements: [step, sample], and the offset of the direction. */
function outputStrides(layer: Layer, directions: number, d: number) {
  const { steps, batch, hidden, node } = layer;
  return node.op.batchFirst
    ? { step: directions * hidden, sample: steps * directions * hidden, start: d * hidden }
    : { step: directions * batch * hidden, sample: hidden, start: d * batch * hidden };
}

/** Copies between the states after each step and Y (either way). */
function emitOutput(
  b: Builder,
  layer: Layer,
  directions: number,
  dir: Direction,
  y: number,
  states: number,
  back: boolean,
): void {
  const { steps, batch, hidden } = layer;
  const { step, sample, start } = outputStrides(layer, directions, dir.index);
  const first = y + 4 * (start + (dir.reverse ? (steps - 1) * step : 0));
  const along = dir.reverse ? -step : step;
  const axes = [
    { size: steps, state: batch * hidden, out: along },
    { size: batch, state: hidden, out: sample },
    { size: hidden, state: 1, out: 1 },
  ];
  const after = states + 4 * batch * hidden;
  if (back)
    emitCopy(
      b,
      first,
      after,
      axes.map(({ size, state, out }) => ({ size, from: out, to: state })),
      true,
    );
  else
    emitCopy(
      b,
      after,
      first,
      axes.map(({ size, state, out }) => ({ size, from: state, to: out })),
      false,
    );
}

/** Copies between the state after the last step and Y_h or Y_c (either way). */
function emitLast(
  b: Builder,
  layer: Layer,
  directions: number,
  d: number,
  out: number,
  states: number,
  back: boolean,
): void {
  const { steps, batch, hidden, node } = layer;
  const last = states + 4 * steps * batch * hidden;
  const stride = node.op.batchFirst ? directions * hidden : hidden;
  const at = out + 4 * d * (node.op.batchFirst ? hidden : batch * hidden);
  const axes = (from: number, to: number) => [
    { size: batch, from, to },
    { size: hidden, from: 1, to: 1 },
  ];
  if (back) emitCopy(b, at, last, axes(stride, hidden), true);
  else emitCopy(b, last, at, axes(hidden, stride), false);
}

export function lowerRecurrent(b: Builder, node: RecurrentNode): void {
  refuse(node);
  const x = b.slot(node.inputs[0]);
  const { batchFirst, hiddenSize: hidden } = node.op;
  const [first, second, inputs] = x.shape;
  const [steps, batch] = batchFirst ? [second, first] : [first, second];
  const gates = node.op.kind === 'LSTM' ? 4 : 3;
  const sampleStride = batchFirst ? steps * inputs : inputs;
  const timeStride = batchFirst ? inputs : batch * inputs;
  const layer: Layer = { node, steps, batch, inputs, hidden, gates, sampleStride, timeStride };
  const directions = node.op.direction === 'bidirectional' ? 2 : 1;
  const cell = node.op.kind === 'LSTM' ? lstm(b, layer) : gru(b, layer, node.op.linearBeforeReset);
  const all = Array.from({ length: directions }, (_, d) => placeDirection(b, layer, d));
  for (const dir of all) {
    emitInitial(b, layer, node.inputs[5] ?? '', dir.index, dir.h);
    if (gates === 4) emitInitial(b, layer, node.inputs[6] ?? '', dir.index, dir.c);
    cell.forward(dir, x.offset);
  }
  const [yName = '', hName = '', cName = ''] = node.outputs;
  const yShape = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const lastShape = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const y = yName === '' ? 0 : b.define(yName, yShape, batchFirst ? 0 : 2).offset;
  const lasts = [hName, cName].map((name) => (name === '' ? 0 : b.define(name, lastShape, batchFirst ? 0 : 1).offset));
  for (const dir of all) {
    if (y !== 0) emitOutput(b, layer, directions, dir, y, dir.h, false);
    lasts.forEach((offset, i) => {
      if (offset !== 0) emitLast(b, layer, directions, dir.index, offset, i === 0 ? dir.h : dir.c, false);
    });
  }
  b.differentiableAll(node, ([dy = 0, dh = 0, dc = 0]) => {
    for (const dir of all) {
      const count = (steps + 1) * batch * hidden;
      const states = b.arena.allocate(count);
      const memory = b.arena.allocate(count);
      b.emit('fill', states, count, 0);
      b.emit('fill', memory, count, 0);
      if (dy !== 0) emitOutput(b, layer, directions, dir, dy, states, true);
      if (dh !== 0) emitLast(b, layer, directions, dir.index, dh, states, true);
      if (dc !== 0) emitLast(b, layer, directions, dir.index, dc, memory, true);
      cell.backward(dir, x.offset, states, memory);
      b.arena.release(states);
      b.arena.release(memory);
    }
  });
}

interface Cell {
  forward(dir: Direction, x: number): void;
  /** `states` and `memory`: gradients of h and c in processing order. */
  backward(dir: Direction, x: number, states: number, memory: number): void;
}

/** Where direction `d`'s part of a parameter's gradient goes; both directions share one buffer, cleared once. */
function parameterGradient(b: Builder, name: string, skip: number): number {
  return b.gradientSum(name) + 4 * skip;
}

/** dW, the input bias and dx from the gate gradients of all steps. */
function emitInputGradients(b: Builder, layer: Layer, dir: Direction, x: number, dg: number): void {
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
function emitRecurrentGradients(
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

function lstm(b: Builder, layer: Layer): Cell {
  const { steps, batch, hidden } = layer;
  const width = 4 * hidden;
  const state = batch * hidden;
  return {
    forward(dir, x) {
      emitInputGates(b, layer, x, dir, emitBothBiases(b, dir, width));
      for (let s = 0; s < steps; s++) {
        const g = dir.g + 4 * s * batch * width;
        const [h, c] = [dir.h + 4 * s * state, dir.c + 4 * s * state];
        emitProduct(b, batch, width, hidden, dense(h, hidden), transposed(dense(dir.r, hidden)), dense(g, width), {
          accumulate: 1,
        });
        b.emit('lstm_cell', g, c, c + 4 * state, h + 4 * state, batch, hidden);
      }
    },
    backward(dir, x, states, memory) {
      const dg = b.arena.allocate(steps * batch * width);
      // One running gradient of c: it starts as that of the last step.
      const dc = memory + 4 * steps * state;
      for (let s = steps - 1; s >= 0; s--) {
        const g = dir.g + 4 * s * batch * width;
        const c = dir.c + 4 * s * state;
        const errors = dg + 4 * s * batch * width;
        b.emit('lstm_cell_backward', g, c, c + 4 * state, states + 4 * (s + 1) * state, dc, errors, batch, hidden);
        const before = dense(states + 4 * s * state, hidden);
        emitProduct(b, batch, hidden, width, dense(errors, width), dense(dir.r, hidden), before, { accumulate: 1 });
      }
      emitInputGradients(b, layer, dir, x, dg);
      emitRecurrentGradients(b, layer, dir, dg, dir.h, 0, 4);
      b.arena.release(dg);
    },
  };
}

function gru(b: Builder, layer: Layer, linearBeforeReset: boolean): Cell {
  return linearBeforeReset ? gruAfterReset(b, layer) : gruBeforeReset(b, layer);
}

/** linear_before_reset = 1: the reset gate scales h · Rᵀ + bias (as in PyTorch and Keras). */
function gruAfterReset(b: Builder, layer: Layer): Cell {
  const { steps, batch, hidden } = layer;
  const width = 3 * hidden;
  const state = batch * hidden;
  const recurrent = new Map<number, number>();
  return {
    forward(dir, x) {
      emitInputGates(b, layer, x, dir, dir.bias[0]);
      const r = b.arena.allocate(steps * batch * width);
      recurrent.set(dir.index, r);
      for (let s = 0; s < steps; s++) {
        const at = 4 * s * batch * width;
        const h = dir.h + 4 * s * state;
        const weights = transposed(dense(dir.r, hidden));
        emitProduct(b, batch, width, hidden, dense(h, hidden), weights, dense(r + at, width), { bias: dir.bias[1] });
        b.emit('gru_cell', dir.g + at, r + at, h, h + 4 * state, batch, hidden);
      }
    },
    backward(dir, x, states) {
      const r = recurrent.get(dir.index) ?? 0;
      const dg = b.arena.allocate(steps * batch * width);
      const dr = b.arena.allocate(steps * batch * width);
      for (let s = steps - 1; s >= 0; s--) {
        const at = 4 * s * batch * width;
        const after = states + 4 * (s + 1) * state;
        const before = states + 4 * s * state;
        b.emit('gru_cell_backward', dir.g + at, r + at, dir.h + 4 * s * state, after, dg + at, dr + at, batch, hidden);
        b.emit('axpy', after, before, state, bits(1));
        emitProduct(b, batch, hidden, width, dense(dr + at, width), dense(dir.r, hidden), dense(before, hidden), {
          accumulate: 1,
        });
      }
      emitInputGradients(b, layer, dir, x, dg);
      emitRecurrentGradients(b, layer, dir, dr, dir.h, 0, 3);
      b.arena.release(dg);
      b.arena.release(dr);
    },
  };
}

/** linear_before_reset = 0 (the ONNX default): the reset gate scales h before the product. */
function gruBeforeReset(b: Builder, layer: Layer): Cell {
  const { steps, batch, hidden } = layer;
  const width = 3 * hidden;
  const state = batch * hidden;
  const scaledStates = new Map<number, number>();
  const gate = (offset: number) => ({ offset, rowStride: width, columnStride: 1 });
  return {
    forward(dir, x) {
      emitInputGates(b, layer, x, dir, emitBothBiases(b, dir, width));
      const scaled = b.arena.allocate(steps * state);
      scaledStates.set(dir.index, scaled);
      const [rGates, rNew] = [dir.r, dir.r + 4 * 2 * hidden * hidden].map((r) => transposed(dense(r, hidden)));
      for (let s = 0; s < steps; s++) {
        const g = dir.g + 4 * s * batch * width;
        const h = dir.h + 4 * s * state;
        const reset = scaled + 4 * s * state;
        emitProduct(b, batch, 2 * hidden, hidden, dense(h, hidden), rGates, gate(g), { accumulate: 1 });
        b.emit('gru_reset', g, h, reset, batch, hidden);
        emitProduct(b, batch, hidden, hidden, dense(reset, hidden), rNew, gate(g + 8 * hidden), { accumulate: 1 });
        b.emit('gru_blend', g, h, h + 4 * state, batch, hidden);
      }
    },
    backward(dir, x, states) {
      const scaled = scaledStates.get(dir.index) ?? 0;
      const dg = b.arena.allocate(steps * batch * width);
      const dscaled = b.arena.allocate(state);
      const [rGates, rNew] = [dir.r, dir.r + 4 * 2 * hidden * hidden].map((r) => dense(r, hidden));
      for (let s = steps - 1; s >= 0; s--) {
        const g = dir.g + 4 * s * batch * width;
        const errors = dg + 4 * s * batch * width;
        const h = dir.h + 4 * s * state;
        const after = states + 4 * (s + 1) * state;
        const before = states + 4 * s * state;
        b.emit('gru_blend_backward', g, h, after, errors, batch, hidden);
        emitProduct(b, batch, hidden, hidden, gate(errors + 8 * hidden), rNew, dense(dscaled, hidden));
        b.emit('gru_reset_backward', g, h, dscaled, after, errors, batch, hidden);
        b.emit('axpy', after, before, state, bits(1));
        emitProduct(b, batch, hidden, 2 * hidden, gate(errors), rGates, dense(before, hidden), { accumulate: 1 });
      }
      emitInputGradients(b, layer, dir, x, dg);
      emitRecurrentGradients(b, layer, dir, dg, dir.h, 0, 2);
      emitRecurrentGradients(b, layer, dir, dg, scaled, 2, 3);
      b.arena.release(dg);
      b.arena.release(dscaled);
    },
  };
}
