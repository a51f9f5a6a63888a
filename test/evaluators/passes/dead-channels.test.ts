/** Channels without influence disappear, and nothing else changes: random chains of layers, in integers bit for bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countCost,
  fuseQuantized,
  type Graph,
  importOnnx,
  inferTypes,
  interpret,
  type Node,
  type Op,
  simplify,
  type Tensor,
  type TensorType,
  tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import { createRng, type Rng } from '@tinypareto/optimizer';
import { deadChannels } from '../../../evaluators/passes/dead-channels.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

/** A chain of convolutions, pools and a dense layer with channels of zero weights, quantized or in float. */
class Chain {
  readonly #rng: Rng;
  readonly #integer: boolean;
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  #value = 'x';

  constructor(seed: number, integer: boolean) {
    this.#rng = createRng(seed, 0, 'dead-channels');
    this.#integer = integer;
    this.#types.set('x', { dtype: integer ? 'int8' : 'float32', shape: [1, 3, 11, 10] });
  }

  #integerIn(low: number, high: number): number {
    return low + Math.floor(this.#rng.nextFloat() * (high - low + 1));
  }

  #chance(share: number): boolean {
    return this.#rng.nextFloat() < share;
  }

  #constant(value: Tensor): string {
    const name = `k${this.#constants.size}`;
    this.#constants.set(name, value);
    this.#types.set(name, value);
    return name;
  }

  get #shape(): readonly number[] {
    return this.#types.get(this.#value)?.shape ?? [];
  }

  #emit(op: Op, ...others: string[]): void {
    const inputs = [this.#value, ...others];
    const types = inferTypes(
      op,
      inputs.map((name) => this.#types.get(name)),
    );
    const output = `v${this.#nodes.length}`;
    const [type] = types;
    assert.ok(type !== undefined);
    this.#types.set(output, type);
    this.#nodes.push({ name: `node${this.#nodes.length}`, op, inputs, outputs: [output] });
    this.#value = output;
  }

  /** Rows or columns of zeros among noise; `zero` per output. */
  #weights(shape: readonly number[], zero: readonly number[]): Tensor {
    const inner = shape.slice(2).reduce((product, size) => product * size, 1);
    const [outputs = 1, inputs = 1] = shape;
    const rows = Array.from({ length: outputs }, () => this.#chance(0.4));
    const columns = Array.from({ length: inputs }, () => this.#chance(0.15));
    const values = Array.from({ length: outputs * inputs * inner }, (_, i) => {
      const output = Math.floor(i / (inputs * inner));
      const input = Math.floor(i / inner) % inputs;
      const none = zero[zero.length === 1 ? 0 : output] ?? 0;
      if (rows[output] === true || columns[input] === true) return none;
      return this.#integer ? this.#integerIn(-20, 20) : this.#integerIn(-8, 8) / 8;
    });
    return this.#integer
      ? tensor('int8', shape, Int8Array.from(values))
      : tensor('float32', shape, Float32Array.from(values));
  }

  #layer(float: Op, quantized: Op, shape: readonly number[]): void {
    const [outputs = 1] = shape;
    if (!this.#integer) {
      const bias = tensor(
        'float32',
        [outputs],
        Float32Array.from({ length: outputs }, () => this.#integerIn(-8, 8) / 8),
      );
      this.#emit(float, this.#constant(this.#weights(shape, [0])), this.#constant(bias));
      return;
    }
    const zeros = this.#chance(0.3) ? Array.from({ length: outputs }, () => this.#integerIn(-3, 3)) : [0];
    const weights = this.#weights(shape, zeros);
    const scalar = (value: number) => this.#constant(tensor('float32', [], Float32Array.of(value)));
    const byte = (value: number) => this.#constant(tensor('int8', [], Int8Array.of(value)));
    const zeroPoints = this.#constant(tensor('int8', zeros.length === 1 ? [] : [outputs], Int8Array.from(zeros)));
    const bias = tensor(
      'int32',
      [outputs],
      Int32Array.from({ length: outputs }, () => this.#integerIn(-900, 900)),
    );
    // A fine scale saturates many channels: they are constant for every input.
    const yScale = scalar(this.#chance(0.3) ? 1e-5 : 0.5);
    const input = [scalar(0.1), byte(this.#integerIn(-5, 5)), this.#constant(weights), scalar(0.05), zeroPoints];
    const last = [yScale, byte(this.#chance(0.5) ? -128 : this.#integerIn(-20, 20))];
    const addend = this.#constant(bias);
    this.#emit(quantized, ...input, ...(quantized.kind === 'QGemm' ? [addend, ...last] : [...last, addend]));
  }

  convolution(channels: number, size: number, pad: number): void {
    const window = { kernelShape: [size, size], strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad] };
    const clamp = this.#chance(0.5) ? { clamp: { min: 0, max: this.#integer ? 127 : 6 } } : {};
    const options = { ...window, group: 1, ...clamp };
    this.#layer({ kind: 'Conv', ...options }, { kind: 'QLinearConv', ...options }, [
      channels,
      this.#shape[1] ?? 1,
      size,
      size,
    ]);
  }

  depthwise(size: number, pad: number): void {
    const channels = this.#shape[1] ?? 1;
    const window = { kernelShape: [size, size], strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad] };
    const options = { ...window, group: channels };
    this.#layer({ kind: 'Conv', ...options }, { kind: 'QLinearConv', ...options }, [channels, 1, size, size]);
  }

  pool(pad: number): void {
    const window = { kernelShape: [2, 2], strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad] };
    this.#emit({ kind: 'MaxPool', ...window, ceilMode: false, storageOrder: 0 });
  }

  flatten(): void {
    const features = this.#shape.slice(1).reduce((product, size) => product * size, 1);
    this.#emit({ kind: 'Reshape', shape: [1, features] });
  }

  dense(outputs: number): void {
    const gemm = { alpha: 1, transA: false, transB: true } as const;
    this.#layer({ kind: 'Gemm', beta: 1, ...gemm }, { kind: 'QGemm', ...gemm }, [outputs, this.#shape[1] ?? 1]);
  }

  random(): Graph {
    for (let layer = 0, layers = this.#integerIn(1, 3); layer < layers; layer++) {
      this.convolution(this.#integerIn(1, 9), this.#chance(0.5) ? 3 : 1, this.#integerIn(0, 1));
      if (this.#chance(0.5)) this.depthwise(3, 1);
      if (this.#chance(0.3)) this.pool(this.#integerIn(0, 1));
      if (this.#chance(0.2)) this.#emit({ kind: 'Transpose', perm: [0, 1, 3, 2] });
    }
    this.convolution(4, 1, 0);
    this.flatten();
    this.dense(6);
    this.dense(3);
    return this.graph();
  }

  graph(): Graph {
    const type = this.#types.get('x');
    assert.ok(type !== undefined);
    const values = new Map([...this.#types].map(([name, { dtype, shape }]) => [name, { name, dtype, shape }]));
    return {
      name: 'chain',
      inputs: [{ name: 'x', ...type }],
      outputs: [this.#value],
      nodes: this.#nodes,
      initializers: this.#constants,
      values,
    };
  }
}

function outputOf(graph: Graph, seed: number): ArrayLike<number | bigint> {
  const [input] = graph.inputs;
  assert.ok(input !== undefined);
  const rng = createRng(seed, 1, 'dead-channels');
  const count = input.shape.reduce((product, size) => product * size, 1);
  const numbers = Array.from({ length: count }, () => Math.floor(rng.nextFloat() * 256) - 128);
  const x =
    input.dtype === 'int8'
      ? tensor('int8', input.shape, Int8Array.from(numbers))
      : tensor(
          'float32',
          input.shape,
          Float32Array.from(numbers, (value) => value / 64),
        );
  return interpret(graph, new Map([['x', x]])).get(graph.outputs[0] ?? '')?.data ?? assert.fail();
}

for (const integer of [true, false]) {
  test(`random chains ${integer ? 'of integers' : 'in float'} compute the same with fewer channels`, () => {
    let saved = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const before = validateGraph(new Chain(seed, integer).random());
      const after = validateGraph(deadChannels.run(before));
      saved += countCost(before).macs > countCost(after).macs ? 1 : 0;
      for (const input of [seed, seed + 1000]) {
        const [wanted, actual] = [outputOf(before, input), outputOf(after, input)];
        for (let i = 0; i < wanted.length; i++) {
          const [a, w] = [Number(actual[i]), Number(wanted[i])];
          assert.ok(integer ? a === w : Math.abs(a - w) <= 1e-4 * (1 + Math.abs(w)), `seed ${seed}: ${a}, not ${w}`);
        }
      }
    }
    assert.ok(saved > 75, `${saved} chains of 150 became smaller`);
  });
}

test('half of the operations of visual wake words in int8 are for nothing', { skip: skipWithoutShared() }, () => {
  const graph = fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'vww-mobilenetv1.tflite-int8')));
  assert.ok(countCost(simplify(graph)).macs < 0.55 * countCost(graph).macs);
});
