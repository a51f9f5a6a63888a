/** The engine's matrix product in its two orders of blocks (rows resident, depth in blocks), with ragged edges, against sums in double precision. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../../evaluators/train/engine.ts';
import { compileTraining } from '../../../evaluators/train/training-program.ts';
import { GEMM, Net } from './net.ts';

const KINDS = createEngine().kind === 'native' ? (['wasm', 'native'] as const) : (['wasm'] as const);

/** Rows, columns and depth: more rows than one block, a depth that no block of rows fits beside, and less than one register block. */
const SHAPES = [
  [251, 19, 7],
  [13, 21, 9001],
  [3, 5, 2],
  [64, 33, 577],
] as const;

for (const kind of KINDS) {
  for (const [rows, columns, depth] of SHAPES) {
    test(`${rows} x ${columns} x ${depth} (${kind}), and both gradients`, () => {
      const net = new Net([1, depth]);
      const y = net.node(
        GEMM,
        ['x', net.weights('w', [columns, depth], 0.5), net.weights('b', [columns], 0.1)],
        [1, columns],
      );
      const graph = net.graph(y);
      const program = compileTraining(graph, { batch: rows, engine: kind, loss: 'mse' });
      const x = Float64Array.from({ length: rows * depth }, (_, i) => Math.fround(Math.sin(i * 1.7)));
      program.input.set(x);
      program.forward();
      program.backward();
      const w = graph.initializers.get('w')?.data as Float32Array;
      const b = graph.initializers.get('b')?.data as Float32Array;
      const errors = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = b[j];
          let size = 1;
          for (let k = 0; k < depth; k++) {
            sum += x[i * depth + k] * w[j * depth + k];
            size += Math.abs(w[j * depth + k]);
          }
          const got = program.output[i * columns + j];
          assert.ok(Math.abs(got - sum) < 1e-6 * size, `output ${i},${j}: ${got} and ${sum}`);
          errors[i * columns + j] = (2 * sum) / (rows * columns);
        }
      }
      const dw = program.gradients.get('w') ?? new Float32Array();
      for (let at = 0; at < 200; at++) {
        const j = at % columns;
        const k = at < 100 ? at % depth : depth - 1 - (at % depth);
        let sum = 0;
        let size = 1e-3;
        for (let i = 0; i < rows; i++) {
          sum += errors[i * columns + j] * x[i * depth + k];
          size += Math.abs(errors[i * columns + j]);
        }
        const got = dw[j * depth + k];
        assert.ok(Math.abs(got - sum) < 1e-5 * size, `gradient ${j},${k}: ${got} and ${sum}`);
      }
    });
  }
}
