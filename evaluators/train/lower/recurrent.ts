/**
 * LSTM and GRU unrolled over time (ONNX definitions, default activations). Per direction, everything is kept in processing order s: gates
 * [T, B, G·H], states [T+1, B, H] with the initial state first, so that the states before each step are one matrix.
 */
import { type Builder, UnsupportedTrainingError } from './builder.ts';
import { emitCopy } from './copy.ts';
import { gru } from './gru-cell.ts';
import { lstm } from './lstm-cell.ts';
import type { Direction, Layer, RecurrentNode } from './recurrent-gates.ts';

const DEFAULTS = { LSTM: ['sigmoid', 'tanh', 'tanh'], GRU: ['sigmoid', 'tanh'] };

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
