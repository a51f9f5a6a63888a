/** Fake quantization: the grid, the straight-through gradient, and learned steps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeQuant } from '../../../evaluators/train/fake-quant.ts';
import { compileTraining } from '../../../evaluators/train/training-program.ts';
import { GEMM, Net } from './net.ts';

const X = Float32Array.of(0.5, -1.25, 2, 0.3);

/** y = W x with W [3, 4], targets as one-hot rows of a batch of one. */
function program(fakeQuant: ReadonlyMap<string, FakeQuant>, bias = false) {
  const net = new Net([1, 4]);
  const inputs = ['x', net.weights('w', [3, 4], 0.6), ...(bias ? [net.weights('b', [3], 0.1)] : [])];
  const compiled = compileTraining(net.graph(net.node(GEMM, inputs, [1, 3])), { batch: 1, fakeQuant, engine: 'wasm' });
  compiled.input.set(X);
  compiled.target[1] = 1;
  return compiled;
}

function roundHalfEven(v: number): number {
  const floor = Math.floor(v);
  if (v - floor !== 0.5) return Math.round(v);
  return floor % 2 === 0 ? floor : floor + 1;
}

test('weights per channel: values on the grid, gradients stopped outside the range', () => {
  const scale = [0.2, 0.1, 0.3];
  const q: FakeQuant = { scale, zeroPoint: 0, qmin: -3, qmax: 3, axis: 0 };
  const p = program(new Map([['w', q]]));
  p.forward();
  p.backward();
  const w = p.weights.get('w') ?? new Float32Array();
  const g = p.gradients.get('w') ?? new Float32Array();
  const levels = Array.from(w, (v, i) => roundHalfEven(Math.fround(v / Math.fround(scale[i >> 2]))));
  assert.ok(levels.some((level) => Math.abs(level) > 3) && levels.some((level) => Math.abs(level) < 3));
  for (let row = 0; row < 3; row++) {
    let y = 0;
    for (let c = 0; c < 4; c++) y += Math.min(3, Math.max(-3, levels[row * 4 + c])) * scale[row] * X[c];
    assert.ok(Math.abs(y - p.output[row]) < 1e-5);
  }
  const powers = Array.from(p.output, Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  levels.forEach((level, i) => {
    const row = i >> 2;
    const dense = (powers[row] / sum - (row === 1 ? 1 : 0)) * X[i % 4];
    assert.ok(Math.abs(g[i] - (Math.abs(level) > 3 ? 0 : dense)) < 1e-5, `weight ${i}`);
  });
});

test('activations with a zero point: input and output are rounded as QuantizeLinear does', () => {
  const q: FakeQuant = { scale: 0.5, zeroPoint: 3, qmin: 0, qmax: 7 };
  const p = program(
    new Map([
      ['x', q],
      ['n0', { ...q, scale: 0.25 }],
    ]),
  );
  p.forward();
  const x = Array.from(X, (v) => (Math.min(7, Math.max(0, roundHalfEven(v / 0.5) + 3)) - 3) * 0.5);
  assert.deepEqual(x, [0.5, -1, 2, 0.5]);
  const w = p.weights.get('w') ?? new Float32Array();
  for (let row = 0; row < 3; row++) {
    const y = x.reduce((sum, v, c) => sum + v * w[row * 4 + c], 0);
    const rounded = (Math.min(7, Math.max(0, roundHalfEven(y / 0.25) + 3)) - 3) * 0.25;
    assert.equal(p.output[row], rounded);
  }
});

test('a learned step follows its gradient (LSQ, equation 3)', () => {
  const scale = 0.25;
  const p = program(new Map([['w', { scale, zeroPoint: 0, qmin: -4, qmax: 3, learnScale: true }]]));
  p.forward();
  p.backward();
  const w = p.weights.get('w') ?? new Float32Array();
  const powers = Array.from(p.output, Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  let expected = 0;
  w.forEach((v, i) => {
    const row = i >> 2;
    const dy = (powers[row] / sum - (row === 1 ? 1 : 0)) * X[i % 4];
    const level = roundHalfEven(v / scale);
    expected += dy * (level < -4 ? -4 : level > 3 ? 3 : level - v / scale);
  });
  expected /= Math.sqrt(12 * 4);
  p.update({ learningRate: 0.1, momentum: 0.9, weightDecay: 0 });
  const after = p.scales.get('w')?.[0] ?? 0;
  assert.ok(Math.abs(after - (scale - 0.1 * expected)) < 1e-6, `${after}, gradient ${expected}`);
});
