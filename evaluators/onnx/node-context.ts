/** What a converter sees of one ONNX node: inputs, attributes, the opset, and how to add operators to the graph. */
import type { DType } from '../ir/dtype.ts';
import type { Op } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import { integersOf, numbersOf } from '../ops/elements.ts';
import { Attributes } from './attributes.ts';
import type { NodeProto } from './generated/onnx_pb.js';
import type { GraphBuilder, Value } from './graph-builder.ts';
import { ProblemFound } from './import-error.ts';

export interface NodePlace {
  readonly builder: GraphBuilder;
  /** Version of the operator set that the node's domain is imported with. */
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  /** Names that the node's outputs have in the graph; '' = unused. */
  readonly outputs: readonly string[];
  readonly nodeName: string;
}

export class NodeContext {
  readonly opType: string;
  readonly opset: number;
  readonly attributes: Attributes;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly string[];
  readonly #place: NodePlace;

  constructor(proto: NodeProto, place: NodePlace) {
    this.opType = proto.opType;
    this.opset = place.opset;
    this.inputs = place.inputs;
    this.outputs = place.outputs;
    this.attributes = new Attributes(proto.attribute, place.builder.limits);
    this.#place = place;
  }

  input(index: number, role: string): Value {
    const value = this.inputs[index];
    if (value === undefined)
      throw new ProblemFound('BAD_NODE', `input ${index} (${role}) is missing`, 'Export the model again.');
    return value;
  }

  /** Elements that a constant may have. */
  get maxElements(): number {
    return this.#place.builder.limits.tensorElements;
  }

  shape(index: number): readonly number[] {
    return this.input(index, 'data').type.shape;
  }

  rank(index = 0): number {
    return this.shape(index).length;
  }

  /** The value of an input that steers the operator and therefore has to be known when the model is imported. */
  constant(index: number, role: string): Tensor {
    const value = this.input(index, role);
    if (value.constant !== undefined) return value.constant;
    const inputs = this.#place.builder.inputsBehind(value.name);
    throw new ProblemFound(
      'NOT_CONSTANT',
      `input ${index} (${role}) must be known when the model is compiled`,
      inputs.length === 0
        ? 'Replace it by an initializer or a Constant node.'
        : `Give the graph inputs ${inputs.map((name) => JSON.stringify(name)).join(', ')} a fixed value, or make them initializers.`,
      inputs,
    );
  }

  optionalConstant(index: number, role: string): Tensor | undefined {
    return this.inputs[index] === undefined ? undefined : this.constant(index, role);
  }

  integers(index: number, role: string): number[] {
    return integersOf(this.constant(index, role));
  }

  optionalIntegers(index: number, role: string): number[] | undefined {
    return this.inputs[index] === undefined ? undefined : this.integers(index, role);
  }

  /** A scalar or one-element constant. */
  number(index: number, role: string): number {
    const values = numbersOf(this.constant(index, role));
    if (values.length !== 1)
      throw new ProblemFound('BAD_SHAPE', `input ${index} (${role}) must be a scalar`, 'Export the model again.');
    return values[0];
  }

  /** Adds an operator whose outputs are the node's. */
  result(op: Op, inputs: readonly (Value | undefined)[]): Value[] {
    return this.#place.builder.emit(this.#place.nodeName, op, inputs, this.outputs);
  }

  /** Adds an operator with `count` outputs in the middle of a longer translation. */
  steps(op: Op, count: number, ...inputs: readonly (Value | undefined)[]): Value[] {
    const { builder, nodeName } = this.#place;
    const base = `${this.outputs.find((output) => output !== '') ?? nodeName}/${op.kind}`;
    const names = Array.from({ length: count }, () => builder.freshValueName(base));
    return builder.emit(`${nodeName}/${op.kind}`, op, inputs, names);
  }

  /** Adds an operator in the middle of a longer translation. */
  step(op: Op, ...inputs: readonly (Value | undefined)[]): Value {
    return this.steps(op, 1, ...inputs)[0];
  }

  /** A new constant under the node's first output name, or a made-up one. */
  constantResult(tensor: Tensor): Value[] {
    return [this.#place.builder.addConstant(this.outputs[0], tensor)];
  }

  newConstant(role: string, tensor: Tensor): Value {
    const { builder, nodeName } = this.#place;
    return builder.addConstant(builder.freshValueName(`${nodeName}/${role}`), tensor);
  }

  /** A constant scalar of the given type. */
  scalar(role: string, dtype: 'float32' | 'float16' | 'float64', value: number): Value {
    const data =
      dtype === 'float32'
        ? Float32Array.of(value)
        : dtype === 'float16'
          ? Float16Array.of(value)
          : Float64Array.of(value);
    return this.newConstant(role, { dtype, shape: [], data } as Tensor);
  }

  fail(message: string, hint = 'Correct the node, or export the model again.'): ProblemFound {
    return new ProblemFound('BAD_NODE', message, hint);
  }

  /** The node is legal ONNX, but not something that can be compiled. */
  unsupported(message: string, hint: string): ProblemFound {
    return new ProblemFound('UNSUPPORTED_OPERATOR', message, hint);
  }

  dtype(index = 0): DType {
    return this.input(index, 'data').type.dtype;
  }
}

/** Translates one node; returns its output values in order (trailing unused ones may be left out). */
export type Converter = (c: NodeContext) => readonly Value[];
export type ConverterTable = Readonly<Record<string, Converter>>;
