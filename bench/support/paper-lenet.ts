/**
 * LeNet of arXiv 2205.10369 at given widths, in the paper's number format: uint8 affine weights and activations, one scale a tensor. 28×28×1 ->
 * conv 3×3 -> conv 3×3 -> max pool 2×2 -> fully connected -> 10 classes, no padding; random weights, for timing.
 */
import { type DType, elementCount, type Graph, type Node, type Tensor, tensor } from '@tinypareto/evaluators';
import { smallGraph } from '../../test/support/small-graph.ts';

export interface LenetWidths {
  readonly conv1: number;
  readonly conv2: number;
  readonly hidden: number;
  readonly classes: number;
}

const WINDOW = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };

class LenetBuilder {
  readonly nodes: Node[] = [];
  readonly initializers: Record<string, Tensor> = {};
  readonly values: Record<string, readonly number[]> = {};
  #seed = 1;

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed >>> 24;
  }

  /** Scale and zero point of input, weights and output, weights and bias; names in the order of QLinearConv. */
  #parameters(id: string, shape: readonly number[]): { before: string[]; after: string[]; bias: string } {
    const scale = (name: string, value: number) => {
      this.initializers[`${id}.${name}`] = tensor('float32', [], Float32Array.of(value));
    };
    const zero = (name: string, value: number) => {
      this.initializers[`${id}.${name}`] = tensor('uint8', [], Uint8Array.of(value));
    };
    scale('xs', 0.02);
    zero('xz', 0);
    scale('ws', 0.005);
    zero('wz', 121);
    scale('ys', 0.02);
    zero('yz', 0);
    const data = Uint8Array.from({ length: elementCount(shape) }, () => this.#random());
    this.initializers[`${id}.w`] = tensor('uint8', shape, data);
    const bias = Int32Array.from({ length: shape[0] ?? 0 }, () => this.#random() * 16);
    this.initializers[`${id}.b`] = tensor('int32', [shape[0] ?? 0], bias);
    const names = (...roles: string[]) => roles.map((role) => `${id}.${role}`);
    return { before: names('xs', 'xz', 'w', 'ws', 'wz'), after: names('ys', 'yz'), bias: `${id}.b` };
  }

  #add(node: Node, shape: readonly number[]): string {
    this.nodes.push(node);
    this.values[node.name] = shape;
    return node.name;
  }

  convolution(x: string, id: string, shape: readonly number[], channels: number): string {
    const { before, after, bias } = this.#parameters(id, [channels, shape[1] ?? 1, 3, 3]);
    const inputs = [x, ...before, ...after, bias];
    const op = { kind: 'QLinearConv', group: 1, kernelShape: [3, 3], ...WINDOW } as const;
    const output = [1, channels, (shape[2] ?? 0) - 2, (shape[3] ?? 0) - 2];
    return this.#add({ name: id, op, inputs, outputs: [id] }, output);
  }

  pool(x: string, id: string, shape: readonly number[]): string {
    const strides = [2, 2];
    const op = { kind: 'MaxPool', kernelShape: [2, 2], ...WINDOW, strides, ceilMode: false, storageOrder: 0 } as const;
    return this.#add({ name: id, op, inputs: [x], outputs: [id] }, shape);
  }

  flatten(x: string, id: string, length: number): string {
    const op = { kind: 'Reshape', shape: [1, length] } as const;
    return this.#add({ name: id, op, inputs: [x], outputs: [id] }, [1, length]);
  }

  product(x: string, id: string, length: number, channels: number): string {
    const { before, after, bias } = this.#parameters(id, [channels, length]);
    const op = { kind: 'QGemm', alpha: 1, transA: false, transB: true } as const;
    const inputs = [x, ...before, bias, ...after];
    return this.#add({ name: id, op, inputs, outputs: [id] }, [1, channels]);
  }
}

export function paperLenet({ conv1, conv2, hidden, classes }: LenetWidths): Graph {
  const net = new LenetBuilder();
  const a = net.convolution('x', 'conv1', [1, 1, 28, 28], conv1);
  const b = net.convolution(a, 'conv2', [1, conv1, 26, 26], conv2);
  const pooled = net.pool(b, 'pool', [1, conv2, 12, 12]);
  const flat = net.flatten(pooled, 'flat', conv2 * 144);
  const c = net.product(flat, 'fc1', conv2 * 144, hidden);
  const y = net.product(c, 'fc2', hidden, classes);
  const { nodes, initializers, values } = net;
  const types = Object.keys(values).map((name): [string, DType] => [name, 'uint8']);
  return smallGraph({
    inputs: { x: [1, 1, 28, 28] },
    initializers,
    nodes,
    values,
    dtypes: Object.fromEntries([['x', 'uint8'], ...types]),
    outputs: [y],
  });
}
