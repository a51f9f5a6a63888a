/**
 * Random small networks for property tests. A list of numbers decides every choice, so a failing graph shrinks by shrinking the list.
 * All operators that passes look at occur, in combinations that exporters write and in ones that they do not.
 */
import {
  elementCount,
  type Graph,
  inferTypes,
  type Node,
  type Op,
  type Tensor,
  type TensorType,
  type ValueInfo,
} from '@tinypareto/evaluators';
import fc from 'fast-check';

/** One step: which operator, and three numbers for its inputs and attributes. */
export type Choice = readonly [number, number, number, number];

export const choices: fc.Arbitrary<Choice[]> = fc.array(fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999), fc.nat(999)), {
  minLength: 1,
  maxLength: 14,
});

/** Numbers in [-1, 1) from a seed; multiples of 1/64, so that many sums are exact. */
export function noise(seed: number, count: number): Float32Array {
  let state = (seed * 2654435761 + 97) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.round((state / 2 ** 32) * 128 - 64) / 64;
  });
}

const ONES = [1, 1];

class RandomGraph {
  readonly #nodes: Node[] = [];
  readonly #values = new Map<string, ValueInfo>();
  readonly #initializers = new Map<string, Tensor>();
  readonly #live: string[] = [];
  readonly #input: ValueInfo = { name: 'input', dtype: 'float32', shape: [1, 4, 6, 6] };

  constructor() {
    this.#values.set('input', this.#input);
    this.#live.push('input');
  }

  #constant(seed: number, shape: readonly number[], positive = false): string {
    const name = `constant${this.#initializers.size}`;
    const data = noise(seed, elementCount(shape)).map((value) => (positive ? Math.abs(value) + 0.25 : value));
    this.#initializers.set(name, { dtype: 'float32', shape, data });
    this.#values.set(name, { name, dtype: 'float32', shape });
    return name;
  }

  #emit(op: Op, ...inputs: string[]): string {
    const types: readonly TensorType[] = inferTypes(
      op,
      inputs.map((name) => (name === '' ? undefined : this.#values.get(name))),
    );
    const outputs = types.slice(0, op.kind === 'Split' ? types.length : 1).map(({ dtype, shape }, i) => {
      const name = `value${this.#nodes.length}.${i}`;
      this.#values.set(name, { name, dtype, shape });
      return name;
    });
    this.#nodes.push({ name: `node${this.#nodes.length}`, op, inputs, outputs });
    this.#live.push(...outputs);
    return outputs[0] ?? '';
  }

  #shape(name: string): readonly number[] {
    return this.#values.get(name)?.shape ?? [];
  }

  /** Adds one operator to value number `a`; does nothing where it would not fit. */
  add([kind, a, b, c]: Choice): void {
    const x = this.#live[a % this.#live.length] ?? 'input';
    const shape = this.#shape(x);
    if (elementCount(shape) > 2000) return;
    if (shape.length === 4) this.#addToImage(kind % 26, x, shape, a, b, c);
    else if (shape.length === 2) this.#addToMatrix(kind % 8, x, shape, b, c);
  }

  #addToImage(kind: number, x: string, shape: readonly number[], a: number, b: number, c: number): void {
    const [, channels = 1, height = 1, width = 1] = shape;
    const unary = (fn: 'Relu' | 'Neg' | 'Abs' | 'Sigmoid'): Op => ({ kind: 'Unary', fn, alpha: 0, beta: 0 });
    const window = {
      kernelShape: [2, 2],
      strides: [1 + (c % 2), 1],
      dilations: ONES,
      pads: b % 2 === 0 ? [0, 0, 0, 0] : [0, 1, 1, 0],
    };
    switch (kind) {
      case 0:
      case 1: {
        const depthwise = b % 3 === 0;
        const out = depthwise ? channels : 1 + (c % 5);
        const inputs = [x, this.#constant(b, [out, depthwise ? 1 : channels, 2, 2])];
        if (c % 2 === 0) inputs.push(this.#constant(c, [out]));
        if (height > 1 && width > 1)
          this.#emit({ kind: 'Conv', group: depthwise ? channels : 1, ...window }, ...inputs);
        return;
      }
      case 2: {
        const perChannel = [1, 2, 3].map((i) => this.#constant(b + i, [channels]));
        this.#emit(
          { kind: 'BatchNormalization', epsilon: 1e-3 },
          x,
          ...perChannel,
          this.#constant(c, [channels], true),
        );
        return;
      }
      case 3:
        this.#emit(unary('Relu'), x);
        return;
      case 4:
        this.#emit(unary((['Neg', 'Abs', 'Sigmoid'] as const)[b % 3] ?? 'Neg'), x);
        return;
      case 5:
        this.#emit(
          { kind: 'Clip' },
          x,
          b % 3 === 0 ? '' : this.#constant(b, []),
          c % 3 === 0 ? '' : this.#constant(c, []),
        );
        return;
      case 6:
      case 7: {
        const sizes = [[1, channels, 1, 1], [], [channels, 1, 1], [1, 1, 1, width], shape, [1, 1, 1, 1, 1]];
        const fn = (['Add', 'Mul', 'Sub', 'Div', 'Max', 'Min'] as const)[c % 6] ?? 'Add';
        const constant = this.#constant(b, sizes[b % sizes.length] ?? [], fn === 'Div');
        this.#emit({ kind: 'Binary', fn }, ...(c % 4 === 0 && fn !== 'Div' ? [constant, x] : [x, constant]));
        return;
      }
      case 8:
      case 9: {
        const other = this.#live[b % this.#live.length] ?? x;
        if (this.#shape(other).join() === shape.join())
          this.#emit({ kind: 'Binary', fn: c % 2 === 0 ? 'Add' : 'Mul' }, x, other);
        return;
      }
      case 10:
      case 11: {
        const pads = b % 2 === 0 ? [0, 0, 1, 0, 0, 0, 0, 2] : [0, 0, 0, 0, 0, 0, 0, 0];
        if (c % 4 === 0)
          this.#emit({ kind: 'Pad', mode: 'constant', pads: pads.map((pad, i) => (i === 1 ? 1 : pad)) }, x);
        else
          this.#emit(
            { kind: 'Pad', mode: c % 4 === 1 ? 'edge' : 'constant', pads },
            x,
            ...(c % 3 === 0 ? [this.#constant(c, [])] : []),
          );
        return;
      }
      case 12:
        if (height > 1 && width > 1)
          this.#emit({ kind: 'AveragePool', ceilMode: c % 3 === 0, countIncludePad: b % 3 === 0, ...window }, x);
        return;
      case 13:
        if (height > 1 && width > 1) this.#emit({ kind: 'MaxPool', ceilMode: false, storageOrder: 0, ...window }, x);
        return;
      case 14:
        this.#emit(
          {
            kind: 'Transpose',
            perm: [
              [0, 1, 2, 3],
              [0, 2, 3, 1],
              [0, 3, 1, 2],
              [0, 1, 3, 2],
            ][b % 4] ?? [0, 1, 2, 3],
          },
          x,
        );
        return;
      case 15:
        this.#emit(
          {
            kind: 'Reshape',
            shape: [[1, height, channels, width], shape, [1, channels * height, width, 1]][b % 3] ?? shape,
          },
          x,
        );
        return;
      case 16: {
        const other = this.#live[b % this.#live.length] ?? x;
        const fits = this.#shape(other).length === 4 && this.#shape(other).slice(2).join() === shape.slice(2).join();
        this.#emit({ kind: 'Concat', axis: 1 }, ...(fits && c % 3 !== 0 ? [x, other] : [x]));
        return;
      }
      case 17:
        this.#emit({ kind: 'Split', axis: 1, sizes: channels > 1 ? [1, channels - 1] : [1] }, x);
        return;
      case 18:
        this.#emit(
          {
            kind: 'Slice',
            starts: [0, 0, c % height, 0],
            steps: [1, 1, 1, 1],
            sizes: [1, channels, height - (c % height), width],
          },
          x,
        );
        return;
      case 19:
        this.#emit({ kind: 'GlobalPool', fn: b % 2 === 0 ? 'Average' : 'Max', p: 0 }, x);
        return;
      case 20:
        this.#emit({ kind: 'Reduce', fn: 'Mean', axes: [2, 3], keepDims: true }, x);
        return;
      case 21:
        this.#emit({ kind: 'Reshape', shape: [1, channels * height * width] }, x);
        return;
      case 22: {
        const inner = this.#constant(b, [1, channels, 1, 1]);
        this.#emit({ kind: 'Binary', fn: 'Add' }, x, this.#emit({ kind: 'Expand', shape }, inner));
        return;
      }
      case 23: {
        // The same operator twice on one value.
        const [first, second] = [this.#emit(unary('Sigmoid'), x), this.#emit(unary('Sigmoid'), x)];
        this.#emit({ kind: 'Binary', fn: 'Add' }, first, second);
        return;
      }
      case 24: {
        const constants = [this.#constant(a, [channels, 1, 1]), this.#constant(b, [1, 1, 1])];
        this.#emit({ kind: 'Binary', fn: 'Mul' }, x, this.#emit({ kind: 'Binary', fn: 'Add' }, ...constants));
        return;
      }
      default: {
        const neutral = this.#constant(0, []);
        this.#initializers.set(neutral, { dtype: 'float32', shape: [], data: Float32Array.of(b % 2) });
        this.#emit({ kind: 'Binary', fn: b % 2 === 0 ? 'Add' : 'Mul' }, x, neutral);
      }
    }
  }

  #addToMatrix(kind: number, x: string, [, columns = 1]: readonly number[], b: number, c: number): void {
    const out = 1 + (b % 6);
    switch (kind) {
      case 0:
      case 1: {
        const transB = c % 2 === 0;
        const w = this.#constant(b, transB ? [out, columns] : [columns, out]);
        const bias = c % 3 === 0 ? [] : [this.#constant(c, c % 3 === 1 ? [out] : [1, out])];
        this.#emit({ kind: 'Gemm', alpha: c % 5 === 0 ? 0.5 : 1, beta: 1, transA: false, transB }, x, w, ...bias);
        return;
      }
      case 2:
        this.#emit({ kind: 'MatMul' }, x, this.#constant(b, [columns, out]));
        return;
      case 3:
        this.#emit({ kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, x);
        return;
      case 4:
      case 5:
        this.#emit(
          { kind: 'Binary', fn: b % 2 === 0 ? 'Add' : 'Mul' },
          x,
          this.#constant(c, c % 2 === 0 ? [columns] : []),
        );
        return;
      case 6:
        this.#emit(
          { kind: 'BatchNormalization', epsilon: 1e-3 },
          x,
          ...[1, 2, 3].map((i) => this.#constant(b + i, [columns])),
          this.#constant(c, [columns], true),
        );
        return;
      default:
        this.#emit({ kind: 'Softmax', axis: 1, log: false, flatten: false }, x);
    }
  }

  finish(pick: number): Graph {
    const last = this.#live.at(-1) ?? 'input';
    const other = this.#live[pick % this.#live.length] ?? last;
    const outputs = pick % 3 === 0 && other !== last ? [last, other] : [last];
    return {
      name: 'random',
      inputs: [this.#input],
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
      values: this.#values,
    };
  }
}

/** The graph that a list of choices describes. */
export function randomGraph(list: readonly Choice[]): Graph {
  const graph = new RandomGraph();
  for (const choice of list) graph.add(choice);
  return graph.finish(list[0]?.[3] ?? 0);
}
