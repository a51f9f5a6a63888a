/** The steps of an LSTM, forward and backward, on gates that hold the input's part already. */
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

export function lstm(b: Builder, layer: Layer): Cell {
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
