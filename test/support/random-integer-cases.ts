/** Single quantized operators with random parameters and many random inputs: what the interpreter says is the reference. */
import { type Graph, interpret, type Node, type Op, type Tensor, type ValueInfo } from '@tinypareto/evaluators';
import type { Case, Sample } from './exactness.ts';

type Byte = 'int8' | 'uint8';

/** Small deterministic generator (xorshift32). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 1) >>> 0 || 1;
  }
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state / 2 ** 32;
  }
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  pick<T>(list: readonly T[]): T {
    const value = list[this.integer(0, list.length - 1)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }
}

function bytes(random: Random, dtype: Byte, shape: readonly number[], narrow = false): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const [low, high] = dtype === 'int8' ? [narrow ? -127 : -128, 127] : [0, 255];
  // Every fourth tensor is made of the extremes only.
  const draw = random.next() < 0.25 ? () => random.pick([low, high]) : () => random.integer(low, high);
  const values = Array.from({ length: count }, draw);
  return dtype === 'int8'
    ? { dtype, shape, data: Int8Array.from(values) }
    : { dtype, shape, data: Uint8Array.from(values) };
}

const scale = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

class Builder {
  readonly random: Random;
  readonly dtype: Byte;
  readonly constants = new Map<string, Tensor>();
  readonly inputs: ValueInfo[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
    this.dtype = this.random.pick(['int8', 'uint8'] as const);
  }

  constant(name: string, value: Tensor): string {
    this.constants.set(name, value);
    return name;
  }

  /** Scale and zero point under `name`. Powers of two make ties frequent. */
  parameters(name: string, dtype: Byte = this.dtype, magnitude = 0.05): [string, string] {
    const exact = this.random.next() < 0.3;
    const value = exact ? 2 ** this.random.integer(-7, -3) : magnitude * (0.2 + this.random.next());
    return [this.constant(`${name}_scale`, scale(value)), this.constant(`${name}_zero`, bytes(this.random, dtype, []))];
  }

  input(name: string, shape: readonly number[]): string {
    this.inputs.push({ name, dtype: this.dtype, shape });
    return name;
  }

  finish(op: Op, inputs: readonly string[], shape: readonly number[]): Graph {
    const node: Node = { name: 'op', op, inputs, outputs: ['y'] };
    const infos = [...this.constants].map(([name, { dtype, shape: s }]): ValueInfo => ({ name, dtype, shape: s }));
    const values = [...this.inputs, ...infos, { name: 'y', dtype: this.dtype, shape }];
    return {
      name: 'random',
      inputs: this.inputs,
      outputs: ['y'],
      nodes: [node],
      initializers: this.constants,
      values: new Map(values.map((info) => [info.name, info])),
    };
  }
}

function convolution(b: Builder): Graph {
  const { random } = b;
  const group = random.pick([1, 1, 1, 4]);
  const [channels, out] = group === 4 ? [4, random.pick([4, 8])] : [random.integer(1, 9), random.integer(1, 9)];
  const kernel = random.integer(1, 3);
  const pad = random.integer(0, kernel - 1);
  const stride = random.integer(1, 2);
  const size = random.integer(3, 6);
  const y = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const x = b.input('x', [1, channels, size, size]);
  const perChannel = random.next() < 0.5;
  const weight = random.pick(['int8', b.dtype] as const);
  const count = perChannel ? out : 1;
  const scales = Float32Array.from({ length: count }, () => 0.002 + 0.02 * random.next());
  const zeros = weight === 'int8' ? new Int8Array(count) : new Uint8Array(count).fill(random.integer(0, 255));
  const inputs = [
    x,
    ...b.parameters('x'),
    b.constant('w', bytes(random, weight, [out, channels / group, kernel, kernel], true)),
    b.constant('w_scale', { dtype: 'float32', shape: perChannel ? [count] : [], data: scales }),
    b.constant('w_zero', { dtype: weight, shape: perChannel ? [count] : [], data: zeros } as Tensor),
    ...b.parameters('y', b.dtype, 1),
    b.constant('bias', {
      dtype: 'int32',
      shape: [out],
      data: Int32Array.from({ length: out }, () => random.integer(-4000, 4000)),
    }),
  ];
  const window = { kernelShape: [kernel, kernel], strides: [stride, stride], dilations: [1, 1] };
  return b.finish({ kind: 'QLinearConv', ...window, pads: [pad, pad, pad, pad], group }, inputs, [1, out, y, y]);
}

function matrix(b: Builder): Graph {
  const { random } = b;
  const [inner, out] = [random.integer(1, 40), random.integer(1, 9)];
  const inputs = [
    b.input('x', [1, inner]),
    ...b.parameters('x'),
    b.constant('w', bytes(random, 'int8', [inner, out], true)),
    b.constant('w_scale', scale(0.002 + 0.02 * random.next())),
    b.constant('w_zero', { dtype: 'int8', shape: [], data: Int8Array.of(0) }),
    ...b.parameters('y', b.dtype, 1),
  ];
  return b.finish({ kind: 'QLinearMatMul' }, inputs, [1, out]);
}

function binary(b: Builder): Graph {
  const shape = [1, b.random.integer(1, 24)];
  const inputs = [
    b.input('a', shape),
    ...b.parameters('a'),
    b.input('c', shape),
    ...b.parameters('c'),
    ...b.parameters('y', b.dtype, 0.1),
  ];
  return b.finish({ kind: 'QLinearBinary', fn: b.random.pick(['Add', 'Mul'] as const) }, inputs, shape);
}

function pool(b: Builder): Graph {
  const { random } = b;
  const [channels, size] = [random.integer(1, 5), random.integer(2, 6)];
  const inputs = [b.input('x', [1, channels, size, size]), ...b.parameters('x'), ...b.parameters('y')];
  if (random.next() < 0.5) return b.finish({ kind: 'QLinearGlobalAveragePool' }, inputs, [1, channels, 1, 1]);
  const y = size - 1;
  const window = { kernelShape: [2, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  return b.finish({ kind: 'QLinearAveragePool', ...window, ceilMode: false, countIncludePad: false }, inputs, [
    1,
    channels,
    y,
    y,
  ]);
}

function unary(b: Builder): Graph {
  const shape = [1, b.random.integer(1, 24)];
  const inputs = [b.input('x', shape), ...b.parameters('x'), ...b.parameters('y', b.dtype, 0.01)];
  const fn = b.random.pick(['Sigmoid', 'LeakyRelu'] as const);
  return b.finish({ kind: 'QLinearUnary', fn, alpha: 0.1, beta: 0 }, inputs, shape);
}

const FAMILIES = [convolution, convolution, convolution, matrix, binary, binary, pool, unary];

/** `count` operators with `samples` random inputs each. */
export function randomIntegerCases(count: number, samples: number): Case[] {
  return Array.from({ length: count }, (_, index): Case => {
    const builder = new Builder(index + 1);
    const graph = (FAMILIES[index % FAMILIES.length] ?? convolution)(builder);
    const drawn = Array.from({ length: samples }, (): Sample => {
      const inputs = new Map(graph.inputs.map((info) => [info.name, bytes(builder.random, builder.dtype, info.shape)]));
      return { inputs, outputs: new Map() };
    });
    return {
      name: `${graph.nodes[0]?.op.kind} ${index}`,
      graph,
      reference: 'ONNX Runtime fused',
      samples: drawn.map(({ inputs }) => {
        const y = interpret(graph, inputs).get('y');
        return { inputs, outputs: new Map(y === undefined ? [] : [['y', y]]) };
      }),
    };
  });
}
