/** A layer with random constants put together node by node, to measure kernels with. */
import { type Graph, inferTypes, type Node, type Op, type Tensor, type ValueInfo } from '@tinypareto/evaluators';

/** Small deterministic generator (xorshift32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
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
  /** Small values as often as large ones. */
  size(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.next());
  }
  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.integer(0, list.length - 1)] ?? list[0];
  }
}

export class Layer {
  readonly random: Random;
  readonly constants = new Map<string, Tensor>();
  readonly inputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #made = new Map<string, ValueInfo>();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  input(dtype: 'int8' | 'float32', shape: readonly number[]): string {
    const name = `x${this.inputs.length}`;
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  int8(name: string, shape: readonly number[]): string {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Int8Array.from({ length: count }, () =>
      Math.round((this.random.next() + this.random.next() - 1) * 120),
    );
    this.constants.set(name, { dtype: 'int8', shape, data });
    return name;
  }

  int32(name: string, count: number): string {
    const data = Int32Array.from({ length: count }, () => this.random.integer(-2000, 2000));
    this.constants.set(name, { dtype: 'int32', shape: [count], data });
    return name;
  }

  float(name: string, shape: readonly number[], low = -1, high = 1): string {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, () => low + (high - low) * this.random.next());
    this.constants.set(name, { dtype: 'float32', shape, data });
    return name;
  }

  /** Scale and zero point of the result of sums of `length` products: most of them within its range, as calibration leaves them. */
  result(length: number): [string, string] {
    return this.parameters('y', 0.025 * Math.sqrt(length), 0.1 * Math.sqrt(length));
  }

  /** Scale and zero point. */
  parameters(name: string, low = 0.02, high = 0.08, count?: number): [string, string] {
    const shape = count === undefined ? [] : [count];
    const zero: Tensor = {
      dtype: 'int8',
      shape,
      data: new Int8Array(count ?? 1).fill(count === undefined ? this.random.integer(-20, 20) : 0),
    };
    this.constants.set(`${name}_zero`, zero);
    return [this.float(`${name}_scale`, shape, low, high), `${name}_zero`];
  }

  /** Adds a node; returns the name of its output. */
  node(op: Op, inputs: readonly string[], output = `n${this.#nodes.length}`): string {
    const types = inferTypes(
      op,
      inputs.map((name) => (name === '' ? undefined : this.#known(name))),
    );
    const [type] = types;
    if (type === undefined) throw new Error(`${op.kind} has no output`);
    this.#made.set(output, { name: output, ...type });
    this.#nodes.push({ name: `${op.kind}${this.#nodes.length}`, op, inputs, outputs: [output] });
    return output;
  }

  #known(name: string): ValueInfo | undefined {
    const constant = this.constants.get(name);
    if (constant !== undefined) return { name, dtype: constant.dtype, shape: constant.shape };
    return this.#made.get(name) ?? this.inputs.find((info) => info.name === name);
  }

  /** The graph that ends with this node. */
  finish(op: Op, inputs: readonly string[]): Graph {
    this.node(op, inputs, 'y');
    const constants = [...this.constants].map(([name, { dtype, shape }]): ValueInfo => ({ name, dtype, shape }));
    const infos = [...this.inputs, ...constants, ...this.#made.values()];
    return {
      name: 'layer',
      inputs: this.inputs,
      outputs: ['y'],
      nodes: this.#nodes,
      initializers: this.constants,
      values: new Map(infos.map((info) => [info.name, info])),
    };
  }
}
