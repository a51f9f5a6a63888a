/**
 * Compares every parameter's gradient with central differences of the loss along its own direction and along random ones. The loss is
 * recomputed in double precision from the program's logits; errors are relative to the gradient's norm.
 */
import assert from 'node:assert/strict';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { createStream } from '../../../evaluators/train/rng.ts';
import {
  compileTraining,
  type TrainingOptions,
  type TrainingProgram,
} from '../../../evaluators/train/training-program.ts';

const STEP = 1e-2;
const TOLERANCE = 1e-3;
const RANDOM_DIRECTIONS = 2;

/** Mean softmax cross-entropy in double precision. */
function lossOf(program: TrainingProgram): number {
  program.forward();
  const { classes, batch, output, target } = program;
  let total = 0;
  for (let r = 0; r < batch; r++) {
    const row = Array.from(output.subarray(r * classes, (r + 1) * classes));
    const top = Math.max(...row);
    const log = top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
    row.forEach((x, c) => {
      total += target[r * classes + c] * (log - x);
    });
  }
  return total / batch;
}

function slope(program: TrainingProgram, weights: Float32Array, direction: Float64Array): number {
  const saved = weights.slice();
  const at = (h: number) => {
    saved.forEach((w, i) => {
      weights[i] = w + h * direction[i];
    });
    return lossOf(program);
  };
  const difference = (at(STEP) - at(-STEP)) / (2 * STEP);
  const wider = (at(2 * STEP) - at(-2 * STEP)) / (4 * STEP);
  weights.set(saved);
  // Richardson: cancels the third derivative.
  return (4 * difference - wider) / 3;
}

function unit(values: Float64Array): Float64Array {
  const norm = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  return values.map((v) => v / norm);
}

/** Asserts that the engine's gradients of `graph` are right for random inputs and labels; returns the worst relative error. */
export function checkGradients(graph: Graph, options: Partial<TrainingOptions> = {}): number {
  const program = compileTraining(graph, { batch: 3, ...options });
  const stream = createStream(11, 'gradient check');
  for (let i = 0; i < program.input.length; i++) program.input[i] = stream.nextNormal();
  for (let r = 0; r < program.batch; r++) program.target[r * program.classes + stream.nextInt(program.classes)] = 1;
  program.forward();
  program.backward();
  const gradients = new Map([...program.gradients].map(([name, g]) => [name, g.slice()]));
  assert.ok(gradients.size > 0, 'the graph has nothing to train');
  let worst = 0;
  for (const [name, gradient] of gradients) {
    const weights = program.weights.get(name);
    assert.ok(weights !== undefined);
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    assert.ok(norm > 1e-6, `the gradient of ${name} vanishes`);
    const directions = [unit(Float64Array.from(gradient))];
    for (let d = 0; d < RANDOM_DIRECTIONS; d++) {
      directions.push(unit(Float64Array.from(gradient, () => stream.nextNormal())));
    }
    for (const direction of directions) {
      const expected = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
      const error = Math.abs(slope(program, weights, direction) - expected) / norm;
      worst = Math.max(worst, error);
      assert.ok(
        error < TOLERANCE,
        `${name}: relative error ${error} along a direction, slope ${expected}, norm ${norm}`,
      );
    }
  }
  return worst;
}
