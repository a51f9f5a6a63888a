/**
 * What the lowering of operators writes to: memory offsets, argument tables and the words of the forward and backward program for one
 * fixed batch size. Operators lower in graph order; each leaves a closure that emits its backward steps, run in reverse order.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { type Kernel, kernelNumber } from '../kernels.ts';
import { Arena } from './arena.ts';

/** A value at run time: where it lies and its shape with the program's batch size. */
export interface Slot {
  readonly offset: number;
  readonly shape: readonly number[];
  /** Axis that counts samples; -1 for values that do not depend on the batch. */
  readonly batchAxis: number;
}

export interface Gradient {
  readonly offset: number;
  /** 1: the buffer already holds a contribution and must be added to. */
  readonly accumulate: 0 | 1;
}

export class UnsupportedTrainingError extends Error {
  readonly code = 'UNSUPPORTED_FOR_TRAINING';
  readonly where: string;
  readonly hint = 'fine-tune without these operators, or compress without fine-tuning';

  constructor(message: string, where: string) {
    super(message);
    this.name = 'UnsupportedTrainingError';
    this.where = where;
  }
}

export class Builder {
  readonly graph: Graph;
  readonly batch: number;
  readonly training: boolean;
  readonly batchNorm: 'train' | 'frozen';
  /** Share of the new batch in the running statistics. */
  readonly batchNormMomentum: number;
  readonly arena: Arena;
  readonly slots = new Map<string, Slot>();
  /** Trainable initializers: offset of the weights and of their gradient. */
  readonly parameters = new Map<
    string,
    { readonly offset: number; readonly gradient: number; readonly count: number }
  >();
  /** Running statistics that training changes, by initializer name. */
  readonly statistics = new Map<string, number>();
  readonly writes: { readonly offset: number; readonly data: Int32Array | Float32Array }[] = [];
  words: number[] = [];
  readonly #backward: (() => void)[] = [];
  readonly #gradients = new Map<string, { offset: number; written: boolean }>();
  readonly #wanted = new Set<string>();
  readonly #tables = new Map<string, number>();

  constructor(
    graph: Graph,
    options: {
      batch: number;
      training: boolean;
      batchNorm: 'train' | 'frozen';
      batchNormMomentum?: number;
      heapBase: number;
      trainable: ReadonlySet<string>;
    },
  ) {
    this.graph = graph;
    this.batch = options.batch;
    this.training = options.training;
    this.batchNorm = options.batchNorm;
    this.batchNormMomentum = options.batchNormMomentum ?? 0;
    this.arena = new Arena(options.heapBase);
    for (const name of options.trainable) this.#wanted.add(name);
  }

  emit(kernel: Kernel, ...args: readonly number[]): void {
    this.words.push(kernelNumber(kernel), args.length, ...args);
  }

  /** The slot of an input or initializer; constants are placed on first use. */
  slot(name: string): Slot {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const constant = this.graph.initializers.get(name);
    if (constant === undefined) throw new Error(`value ${name} is used before it is made`);
    return this.constant(name, constant);
  }

  constant(name: string, value: Tensor): Slot {
    const { data: stored } = value;
    const data = stored instanceof Float32Array ? stored : Float32Array.from(stored as ArrayLike<number>, Number);
    const offset = this.arena.reserve(data.length);
    this.writes.push({ offset, data });
    const slot = { offset, shape: value.shape, batchAxis: -1 };
    this.slots.set(name, slot);
    return slot;
  }

  /** Makes room for a node's output. */
  define(name: string, shape: readonly number[], batchAxis: number): Slot {
    return this.alias(name, shape, batchAxis, this.arena.allocate(elementCount(shape)));
  }

  alias(name: string, shape: readonly number[], batchAxis: number, offset: number): Slot {
    const slot = { offset, shape, batchAxis };
    this.slots.set(name, slot);
    return slot;
  }

  /** Registers the node's backward step when any of its inputs wants a gradient. */
  differentiable(node: Node, backward: (gradient: number) => void): void {
    this.differentiableAll({ ...node, outputs: node.outputs.slice(0, 1) }, ([gradient]) => backward(gradient));
  }

  /** The same for several outputs: one gradient per output, 0 where none arrived. */
  differentiableAll(node: Node, backward: (gradients: readonly number[]) => void): void {
    if (!this.training || !node.inputs.some((name) => this.wants(name))) return;
    for (const name of node.outputs) if (name !== '') this.#wanted.add(name);
    this.#backward.push(() => {
      const entries = node.outputs.map((name) => this.#gradients.get(name));
      if (!entries.some((entry) => entry?.written === true)) return;
      backward(entries.map((entry) => (entry?.written === true ? entry.offset : 0)));
      node.outputs.forEach((name, i) => {
        const entry = entries[i];
        if (entry === undefined) return;
        this.#gradients.delete(name);
        this.arena.release(entry.offset);
      });
    });
  }

  /** Rewrites the gradient of `name` in place, after all readers of the value have added to it. */
  transformGradient(name: string, backward: (gradient: number) => void): void {
    if (!this.training || !this.wants(name)) return;
    this.#backward.push(() => {
      const entry = this.#gradients.get(name);
      if (entry?.written === true) backward(entry.offset);
    });
  }

  wants(name: string): boolean {
    return this.#wanted.has(name);
  }

  /** Where to put the gradient of `name`, by storing or adding. */
  gradient(name: string): Gradient {
    const parameter = this.parameters.get(name);
    let entry = this.#gradients.get(name);
    if (entry === undefined) {
      const offset = parameter?.gradient ?? this.arena.allocate(elementCount(this.slot(name).shape));
      entry = { offset, written: false };
      this.#gradients.set(name, entry);
    }
    const accumulate = entry.written ? 1 : 0;
    entry.written = true;
    return { offset: entry.offset, accumulate };
  }

  /** Like `gradient`, for kernels that only add: cleared before the first contribution. */
  gradientSum(name: string): number {
    const { offset, accumulate } = this.gradient(name);
    if (accumulate === 0) this.emit('fill', offset, elementCount(this.slot(name).shape), 0);
    return offset;
  }

  emitBackward(): void {
    for (const step of this.#backward.reverse()) step();
  }

  /** True when training produced a gradient for this parameter. */
  hasGradient(name: string): boolean {
    return this.#gradients.get(name)?.written ?? false;
  }

  /** Offset of a table of ints; equal keys share one. */
  table(key: string, make: () => Int32Array): number {
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const data = make();
    // Kernels compare a panel's first and last entry: a full panel beyond the end must be readable.
    const offset = this.arena.reserve(data.length + 32);
    this.writes.push({ offset, data });
    this.#tables.set(key, offset);
    return offset;
  }

  /** Table 0, stride, 2 stride … */
  range(count: number, stride: number): number {
    return this.table(`range ${count} ${stride}`, () => Int32Array.from({ length: count }, (_, i) => i * stride));
  }

  /** Table of two nested counters: i * outerStride + j * innerStride. */
  grid(outer: number, outerStride: number, inner: number, innerStride: number): number {
    return this.table(`grid ${outer} ${outerStride} ${inner} ${innerStride}`, () => {
      const table = new Int32Array(outer * inner);
      for (let i = 0; i < outer; i++) {
        for (let j = 0; j < inner; j++) table[i * inner + j] = i * outerStride + j * innerStride;
      }
      return table;
    });
  }
}
