/**
 * The two roundings of the numerics contract, number by number: QuantizeLinear and requantization, on random values, ties and extremes. The
 * batch engine equals the reference operators on all of them, and both equal exact integer arithmetic on a sample.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inferGraph } from '../../../evaluators/compress/infer-graph.ts';
import { compileInteger } from '../../../evaluators/compress/integer-engine/integer-program.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { createStream, type Stream } from '../../../evaluators/train/rng.ts';

/** Numbers per tensor, and tensors: more than a million numbers; TINYPARETO_LONG_TESTS=1 tries a hundred million. */
const COUNT = 1 << 16;
const TENSORS = process.env['TINYPARETO_LONG_TESTS'] === '1' ? 1600 : 16;
/** Of each tensor, every so many numbers are checked in exact arithmetic. */
const EXACT_EVERY = 61;

/** A finite non-zero float32 as an integer times a power of two. */
function parts(value: number): readonly [mantissa: bigint, exponent: number] {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return [BigInt(scaled), exponent];
}

/** numerator / denominator · 2^exponent rounded to float32 (24 bits, ties to even), as an integer times a power of two. */
function roundToFloat(numerator: bigint, denominator: bigint, exponent: number): readonly [bigint, number] {
  const negative = numerator < 0n;
  let shift = 0;
  let top = negative ? -numerator : numerator;
  while (top < denominator << 24n) {
    top <<= 1n;
    shift--;
  }
  while (top >= denominator << 25n) {
    // Bits that fall off would have to be kept, so the denominator grows instead.
    denominator <<= 1n;
    shift++;
  }
  let quotient = top / denominator;
  const sticky = top % denominator !== 0n;
  const half = (quotient & 1n) === 1n;
  quotient >>= 1n;
  if (half && (sticky || (quotient & 1n) === 1n)) quotient++;
  return [negative ? -quotient : quotient, exponent + shift + 1];
}

/** mantissa · 2^exponent rounded to an integer, ties to even. */
function roundToInteger(mantissa: bigint, exponent: number): bigint {
  if (exponent >= 0) return mantissa << BigInt(exponent);
  const bits = BigInt(-exponent);
  const floor = mantissa >> bits;
  const rest = mantissa - (floor << bits);
  const half = 1n << (bits - 1n);
  if (rest < half) return floor;
  return rest > half || (floor & 1n) === 1n ? floor + 1n : floor;
}

function clamp(value: bigint, low: number, high: number): number {
  return value < BigInt(low) ? low : value > BigInt(high) ? high : Number(value);
}

/** clamp(rhe(f32(x / scale)) + zero) in integers. */
function exactQuantize(x: number, scale: number, zero: number, low: number, high: number): number {
  if (x === 0) return clamp(BigInt(zero), low, high);
  const [a, ea] = parts(x);
  const [b, eb] = parts(scale);
  return clamp(roundToInteger(...roundToFloat(a, b, ea - eb)) + BigInt(zero), low, high);
}

/** clamp(rhe(f32(f32(acc) · multiplier)) + zero) in integers. */
function exactRequantize(acc: number, multiplier: number, zero: number, low: number, high: number): number {
  if (acc === 0) return clamp(BigInt(zero), low, high);
  const [sum, shift] = roundToFloat(BigInt(acc), 1n, 0);
  const [m, e] = parts(multiplier);
  return clamp(roundToInteger(...roundToFloat(sum * m, 1n, shift + e)) + BigInt(zero), low, high);
}

const scalar = (value: number): Tensor => tensor('float32', [], Float32Array.of(value));
const zeroPoint = (signed: boolean, value: number): Tensor =>
  signed ? tensor('int8', [], Int8Array.of(value)) : tensor('uint8', [], Uint8Array.of(value));

interface Target {
  readonly signed: boolean;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

function target(stream: Stream): Target {
  const signed = stream.nextInt(2) === 0;
  const [low, high] = signed ? [-128, 127] : [0, 255];
  return { signed, low, high, zero: [low, high, low + stream.nextInt(256)][stream.nextInt(3)] ?? low };
}

function assertSame(graph: Graph, input: Tensor): ArrayLike<number> {
  const [output] = compileInteger(graph, { batch: 1 }).run([input]);
  const reference = interpret(graph, new Map([[graph.inputs[0].name, input]])).get('y');
  assert.ok(Buffer.compare(bytes(output), bytes(reference)) === 0, 'engine and reference operators differ');
  return output.data as ArrayLike<number>;
}

function bytes(value: Tensor | undefined): Buffer {
  assert.ok(value !== undefined);
  return Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength);
}

test('QuantizeLinear: random values, ties, neighbours of ties, extremes', () => {
  const stream = createStream(21, 'quantize');
  for (let round = 0; round < TENSORS; round++) {
    const { signed, zero, low, high } = target(stream);
    const scale = Math.fround(round % 4 === 0 ? 2 ** (stream.nextInt(20) - 12) : 10 ** (stream.nextFloat() * 8 - 6));
    const extremes = [0, -0, 3e38, -3e38, 1e-40, -1e-40, scale / 2, -scale / 2];
    const data = Float32Array.from({ length: COUNT }, (_, i) => {
      const tie = (stream.nextInt(600) - 300 + 0.5) * scale;
      if (i < extremes.length) return extremes[i] ?? 0;
      if (i % 4 === 0) return tie;
      if (i % 4 === 1) return tie * (1 + (stream.nextInt(3) - 1) * 2 ** -23);
      return (stream.nextFloat() - 0.5) * 600 * scale;
    });
    const graph = inferGraph({
      name: 'quantize',
      inputs: [{ name: 'x', dtype: 'float32', shape: [1, COUNT] }],
      outputs: ['y'],
      nodes: [
        {
          name: 'node',
          op: { kind: 'QuantizeLinear', axis: 0, blockSize: 0, to: signed ? 'int8' : 'uint8' },
          inputs: ['x', 'scale', 'zero'],
          outputs: ['y'],
        },
      ],
      initializers: new Map([
        ['scale', scalar(scale)],
        ['zero', zeroPoint(signed, zero)],
      ]),
      values: new Map(),
    });
    const y = assertSame(graph, tensor('float32', [1, COUNT], data));
    for (let i = 0; i < COUNT; i += i < extremes.length ? 1 : EXACT_EVERY) {
      assert.equal(y[i], exactQuantize(data[i] ?? 0, scale, zero, low, high), `${data[i]} / ${scale} + ${zero}`);
    }
  }
});

/** Sums come in as biases: the one input has the value of its zero point. */
test('requantization: random sums and multipliers, ties, extremes of 32 bits', () => {
  const stream = createStream(22, 'requantize');
  for (let round = 0; round < TENSORS; round++) {
    const { signed, zero, low, high } = target(stream);
    const scales = new Float32Array(COUNT);
    const sums = new Int32Array(COUNT);
    for (let i = 0; i < COUNT; i++) {
      const power = i % 2 === 0;
      scales[i] = power ? 2 ** -(1 + stream.nextInt(24)) : 2 ** (stream.nextFloat() * 28 - 27);
      const near = (stream.nextInt(600) - 300 + 0.5) / (scales[i] ?? 1);
      sums[i] =
        i < 4
          ? ([2147483647, -2147483648, 1, -1][i] ?? 0)
          : i % 3 === 0
            ? stream.nextInt(2 ** 31) * (stream.nextInt(2) * 2 - 1)
            : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(near) + stream.nextInt(3) - 1));
    }
    const graph = inferGraph({
      name: 'requantize',
      inputs: [{ name: 'x', dtype: 'int8', shape: [1, 1] }],
      outputs: ['y'],
      nodes: [
        {
          name: 'node',
          op: { kind: 'QGemm', alpha: 1, transA: false, transB: false },
          inputs: ['x', 'one', 'none', 'w', 'scales', 'zeros', 'bias', 'one', 'zero'],
          outputs: ['y'],
        },
      ],
      initializers: new Map<string, Tensor>([
        ['one', scalar(1)],
        ['none', zeroPoint(true, 0)],
        ['w', tensor('int8', [1, COUNT], new Int8Array(COUNT).fill(1))],
        ['scales', tensor('float32', [COUNT], scales)],
        ['zeros', tensor('int8', [COUNT], new Int8Array(COUNT))],
        ['bias', tensor('int32', [COUNT], sums)],
        ['zero', zeroPoint(signed, zero)],
      ]),
      values: new Map(),
    });
    const y = assertSame(graph, tensor('int8', [1, 1], Int8Array.of(0)));
    for (let i = 0; i < COUNT; i += i < 8 ? 1 : EXACT_EVERY) {
      const expected = exactRequantize(sums[i] ?? 0, scales[i] ?? 1, zero, low, high);
      assert.equal(y[i], expected, `${sums[i]} · ${scales[i]} + ${zero}`);
    }
  }
});
