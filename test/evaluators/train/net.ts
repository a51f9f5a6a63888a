/** Small graphs for training tests: declares values, initializers with seeded weights, and nodes in order. */
import type { Graph, Node, ValueInfo } from '../../../evaluators/ir/graph.ts';
import type { Op } from '../../../evaluators/ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { createStream } from '../../../evaluators/train/rng.ts';

export class Net {
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #values = new Map<string, ValueInfo>();
  readonly #input: ValueInfo;

  constructor(inputShape: readonly number[]) {
    this.#input = { name: 'x', dtype: 'float32', shape: inputShape };
    this.#values.set('x', this.#input);
  }

  /** Normal weights with the given deviation around `mean`. */
  weights(name: string, shape: readonly number[], deviation: number, mean = 0): string {
    const stream = createStream(7, name);
    const data = Float32Array.from({ length: elementCount(shape) }, () => mean + deviation * stream.nextNormal());
    return this.constant(name, shape, data);
  }

  constant(name: string, shape: readonly number[], data: Float32Array): string {
    this.#initializers.set(name, tensor('float32', shape, data));
    this.#values.set(name, { name, dtype: 'float32', shape });
    return name;
  }

  /** Adds a node; returns the name of its first output. */
  node(op: Op, inputs: readonly string[], ...shapes: readonly (readonly number[])[]): string {
    const name = `n${this.#nodes.length}`;
    const outputs = shapes.map((shape, i) => {
      const value = shapes.length === 1 ? name : `${name}.${i}`;
      this.#values.set(value, { name: value, dtype: 'float32', shape });
      return value;
    });
    this.#nodes.push({ name, op, inputs, outputs });
    return outputs[0];
  }

  graph(output: string): Graph {
    return {
      name: 'test',
      inputs: [this.#input],
      outputs: [output],
      nodes: this.#nodes,
      initializers: this.#initializers,
      values: this.#values,
    };
  }
}

export function convOp(
  kernel: readonly number[],
  options: { strides?: number[]; pads?: number[]; dilations?: number[]; group?: number } = {},
) {
  return {
    kind: 'Conv' as const,
    group: options.group ?? 1,
    kernelShape: kernel,
    strides: options.strides ?? kernel.map(() => 1),
    dilations: options.dilations ?? kernel.map(() => 1),
    pads: options.pads ?? [...kernel, ...kernel].map(() => 0),
  };
}

export const GEMM = { kind: 'Gemm' as const, alpha: 1, beta: 1, transA: false, transB: true };
export const RELU = { kind: 'Unary' as const, fn: 'Relu' as const, alpha: 0, beta: 0 };

/** The layout of the reference LeNet (../shared/models/lenet/lenet-mnist.onnx), untrained. */
export function lenet(c1 = 32, c2 = 64, hidden = 128): Graph {
  const net = new Net([1, 1, 28, 28]);
  const flat = c2 * 144;
  const w1 = net.weights('conv1.weight', [c1, 1, 3, 3], Math.sqrt(2 / 9));
  let y = net.node(convOp([3, 3]), ['x', w1, net.weights('conv1.bias', [c1], 0)], [1, c1, 26, 26]);
  y = net.node(RELU, [y], [1, c1, 26, 26]);
  const w2 = net.weights('conv2.weight', [c2, c1, 3, 3], Math.sqrt(2 / (9 * c1)));
  y = net.node(convOp([3, 3]), [y, w2, net.weights('conv2.bias', [c2], 0)], [1, c2, 24, 24]);
  y = net.node(RELU, [y], [1, c2, 24, 24]);
  const window = { kernelShape: [2, 2], strides: [2, 2], dilations: [1, 1], pads: [0, 0, 0, 0] };
  y = net.node({ kind: 'MaxPool', ceilMode: false, storageOrder: 0, ...window }, [y], [1, c2, 12, 12]);
  y = net.node({ kind: 'Reshape', shape: [1, flat] }, [y], [1, flat]);
  const f1 = net.weights('fc1.weight', [hidden, flat], Math.sqrt(2 / flat));
  y = net.node(GEMM, [y, f1, net.weights('fc1.bias', [hidden], 0)], [1, hidden]);
  y = net.node(RELU, [y], [1, hidden]);
  const f2 = net.weights('fc2.weight', [10, hidden], Math.sqrt(1 / hidden));
  y = net.node(GEMM, [y, f2, net.weights('fc2.bias', [10], 0)], [1, 10]);
  return net.graph(y);
}
