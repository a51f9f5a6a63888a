/** The steps of a GRU, forward and backward, with the reset gate before or after the recurrent product. */
import { bits } from '../kernels.ts';
import type { Builder } from './builder.ts';
import { emitProduct, transposed } from './dense.ts';
import {
  type Cell,
  dense,
  emitBothBiases,
  emitInputGates,
  emitInputGradients,
  emitRecurrentGradients,
  type Layer,
} from './recurrent-gates.ts';

export function gru(b: Builder, layer: Layer, linearBeforeReset: boolean): Cell {
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
