/** Nodes and constants that take the place of one layer. The last node keeps the layer's name, bias, activation and output. */
import type { Graph, Node } from '../../ir/graph.ts';
import type { FusedClamp, OpOf, Window } from '../../ir/op.ts';
import { isTensorOf, type Tensor, tensor } from '../../ir/tensor.ts';
import { CompressionError } from '../compression-error.ts';
import { uniqueName } from '../graph-edit.ts';

export interface Replacement {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

export function cannot(node: Node, reason: string): CompressionError {
  return new CompressionError('CANNOT_RESTRUCTURE', `layer "${node.name}" ${reason}`);
}

/** A constant float operand of the layer. */
export function constantOf(graph: Graph, node: Node, index: number): Tensor<'float32'> {
  const weight = graph.initializers.get(node.inputs[index] ?? '');
  if (weight === undefined || !isTensorOf(weight, 'float32')) {
    throw cannot(node, 'has no constant float32 weights to take apart');
  }
  return weight;
}

/** A convolution's window along all its spatial axes, without pads or steps. */
export function pointWindow(axes: number): Window {
  const ones = Array.from({ length: axes }, () => 1);
  return { kernelShape: ones, strides: ones, dilations: ones, pads: [...ones, ...ones].map(() => 0) };
}

export class ReplacementBuilder {
  readonly #node: Node;
  readonly #taken: Set<string>;
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Tensor>();

  /** `taken`: names of values, constants and nodes that exist; grows. */
  constructor(node: Node, taken: Set<string>) {
    this.#node = node;
    this.#taken = taken;
  }

  constant(part: string, shape: readonly number[], data: ArrayLike<number>): string {
    const name = uniqueName(`${this.#node.name}.${part}.weight`, this.#taken);
    this.#constants.set(name, tensor('float32', shape, Float32Array.from(data)));
    return name;
  }

  /** An inner layer; returns its output. */
  inner(part: string, op: Node['op'], inputs: readonly string[]): string {
    const name = uniqueName(`${this.#node.name}.${part}`, this.#taken);
    const output = uniqueName(`${name}.output`, this.#taken);
    this.#nodes.push({ name, op, inputs, outputs: [output] });
    return output;
  }

  /** The last layer: the old one with other operator and inputs. */
  finish(op: Node['op'], inputs: readonly string[]): Replacement {
    this.#nodes.push({ ...this.#node, op, inputs });
    return { nodes: this.#nodes, constants: this.#constants };
  }
}

/** An ordinary (not grouped) convolution: its sizes and weights [M, C, kernel]. */
export interface PlainConv {
  readonly op: OpOf<'Conv'>;
  readonly outputs: number;
  readonly inputs: number;
  /** Positions of the kernel. */
  readonly kernel: number;
  readonly weights: Float64Array;
  readonly clamp: { readonly clamp?: FusedClamp };
}

/** Throws CompressionError for other layers. */
export function plainConv(graph: Graph, node: Node, what: string): PlainConv {
  const { op } = node;
  if (op.kind !== 'Conv') throw cannot(node, `is a ${op.kind}; ${what} is for convolutions`);
  if (op.group !== 1) throw cannot(node, `has ${op.group} groups; ${what} is for convolutions with one group`);
  const weight = constantOf(graph, node, 1);
  const [outputs, inputs, ...spatial] = weight.shape;
  const kernel = spatial.reduce((a, b) => a * b, 1);
  const { clamp } = op;
  const fused = clamp === undefined ? {} : { clamp };
  return { op, outputs, inputs, kernel, weights: Float64Array.from(weight.data), clamp: fused };
}

/** Input 2 (bias) of the layer, when it has one. */
export function biasOf(node: Node): string[] {
  const bias = node.inputs[2] ?? '';
  return bias === '' ? [] : [bias];
}
