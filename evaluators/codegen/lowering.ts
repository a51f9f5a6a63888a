/**
 * The state of one lowering: values with their place and layout, the constants and calls made so far. Operator families
 * (lower-*.ts) read values through it and add calls to it.
 */
import type { BoardSpec } from '../board-spec.ts';
import type { DType, TypedArray } from '../ir/dtype.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount, type Tensor } from '../ir/tensor.ts';
import { LoweringError } from './codegen-error.ts';
import { arrayOf, elementBytes, elementType, storedData } from './element-type.ts';
import type { EncodingGoal } from './encodings/choose-encoding.ts';
import type { PlaceCodingName } from './encodings/weight-matrix.ts';
import type { KernelSet } from './kernels/kernel-set.ts';
import type { StructName } from './kernels/kernel-table.ts';
import { type Layout, logicalIndices, plainLayout, sameLayout } from './layout.ts';
import { copyStep, planCopies } from './lower/copy.ts';
import type { Argument, ElementType, FieldValue, Layer, ProgramBuffer, ProgramConstant, Step } from './program.ts';

/** A value of the graph at run time or an initializer. */
export interface LoweredValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly layout: Layout;
  /** uint8 values kept as int8, 128 lower. */
  readonly shifted: boolean;
  /** Buffer, or absent for an initializer. */
  readonly buffer?: string;
  readonly tensor?: Tensor;
}

export interface Call {
  readonly kernel: string;
  readonly params?: { readonly struct: StructName; readonly fields: Readonly<Record<string, FieldValue>> };
  readonly args: readonly Argument[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly inPlace?: readonly string[];
  /** See `Step.counts`. */
  readonly counts?: Readonly<Record<string, number>>;
}

/**
 * `auto`: encoded where that is smaller and costs hardly any time; `small`: whatever it costs; `fast`: where it is faster and not larger; `smallest`: as small as possible, prefix codes included; `dense`: every weight as it is; else one
 * coding of places everywhere, for comparisons.
 */
export type WeightForm = EncodingGoal | 'dense' | PlaceCodingName;

export class Lowering {
  readonly graph: Graph;
  readonly board: BoardSpec;
  readonly weights: WeightForm;
  /** Kernels that calls may name. */
  readonly kernels: KernelSet;
  readonly steps: Step[] = [];
  readonly layers: Layer[] = [];
  readonly buffers = new Map<string, ProgramBuffer>();
  readonly constants = new Map<string, ProgramConstant>();
  readonly #values = new Map<string, LoweredValue>();
  #layer = -1;
  #callsInLayer = 0;
  #namesInLayer = new Map<string, number>();

  /** Cycles that a byte of weights may cost for being encoded with `auto`. */
  readonly cyclesPerByte: number;
  /** Layers may be computed in parts, which takes buffers for parts of their operands and results. */
  readonly inParts: boolean;

  constructor(
    graph: Graph,
    board: BoardSpec,
    kernels: KernelSet,
    weights: WeightForm = 'auto',
    cyclesPerByte = Number.POSITIVE_INFINITY,
    inParts = true,
  ) {
    this.cyclesPerByte = cyclesPerByte;
    this.inParts = inParts;
    this.graph = graph;
    this.board = board;
    this.kernels = kernels;
    this.weights = weights;
  }

  /** Starts the layer of `node`; calls and constants made from here on belong to it. */
  startLayer(node: Node, work: { readonly macs: number; readonly flops: number }): void {
    this.#layer = this.layers.length;
    this.#callsInLayer = 0;
    this.#namesInLayer = new Map();
    this.layers.push({ id: `l${this.#layer}`, name: node.name, op: node.op.kind, ...work });
  }

  /** What `make` would add is looked at and forgotten: calls, buffers, constants. */
  trial<T>(make: () => void, look: (steps: readonly Step[]) => T): T {
    const [steps, calls, names] = [this.steps.length, this.#callsInLayer, new Map(this.#namesInLayer)];
    const [buffers, constants] = [new Map(this.buffers), new Map(this.constants)];
    make();
    const seen = look(this.steps.slice(steps));
    this.steps.length = steps;
    this.#callsInLayer = calls;
    this.#namesInLayer = names;
    for (const [own, before] of [
      [this.buffers, buffers],
      [this.constants, constants],
    ] as const) {
      own.clear();
      for (const [id, item] of before) (own as Map<string, unknown>).set(id, item);
    }
    return seen;
  }

  /** A new identifier in the current layer: `l3_w`, `l3_w1` … */
  #identifier(role: string): string {
    const seen = this.#namesInLayer.get(role) ?? 0;
    this.#namesInLayer.set(role, seen + 1);
    return `l${this.#layer}_${role}${seen === 0 ? '' : seen}`;
  }

  addBuffer(id: string, type: ElementType, elements: number): string {
    const bytes = elements * elementBytes(type);
    this.buffers.set(id, { id, type, elements, bytes, alignment: Math.max(4, elementBytes(type)) });
    return id;
  }

  /** Working memory of one call. */
  scratch(type: ElementType, elements: number): string {
    return this.addBuffer(this.#identifier('s'), type, elements);
  }

  constant(role: string, type: ElementType, elements: number, data: () => TypedArray, encoding = 'dense'): string {
    const id = this.#identifier(role);
    let made: TypedArray | undefined;
    this.constants.set(id, {
      id,
      type,
      elements,
      bytes: elements * elementBytes(type),
      encoding,
      data: () => {
        made ??= data();
        return made;
      },
    });
    return id;
  }

  /** The elements of the constant called `id`. */
  constantData(id: string): TypedArray {
    const constant = this.constants.get(id);
    if (constant === undefined) throw new Error(`constant ${id} was never made`);
    return constant.data();
  }

  /** Takes a constant back that no call uses; its name becomes free again. */
  dropConstant(id: string): void {
    this.constants.delete(id);
    const role = id.slice(id.indexOf('_') + 1);
    if (this.#namesInLayer.get(role) === 1) this.#namesInLayer.delete(role);
  }

  call(call: Call): void {
    const suffix = this.#callsInLayer === 0 ? '' : `_${this.#callsInLayer}`;
    this.#callsInLayer++;
    this.steps.push({ ...call, id: `l${this.#layer}${suffix}`, layer: this.#layer, inPlace: call.inPlace ?? [] });
  }

  setValue(value: LoweredValue): void {
    this.#values.set(value.name, value);
  }

  /** The value called `name`; throws LoweringError when it is absent. */
  value(name: string | undefined): LoweredValue {
    const value = this.optional(name);
    if (value === undefined) throw new LoweringError('a required input is missing');
    return value;
  }

  optional(name: string | undefined): LoweredValue | undefined {
    if (name === undefined || name === '') return undefined;
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const initializer = this.graph.initializers.get(name);
    if (initializer === undefined) throw new LoweringError(`value ${JSON.stringify(name)} has no producer`);
    const { dtype, shape } = initializer;
    return { name, dtype, shape, layout: plainLayout(shape), shifted: false, tensor: initializer };
  }

  /** The initializer called `name`; throws LoweringError when it is computed at run time. */
  tensor(name: string | undefined, role: string): Tensor {
    const value = this.value(name);
    if (value.tensor === undefined) throw new LoweringError(`${role} must be constant`);
    return value.tensor;
  }

  optionalTensor(name: string | undefined, role: string): Tensor | undefined {
    return this.optional(name) === undefined ? undefined : this.tensor(name, role);
  }

  /** Type and shape of an output of a node. */
  outputType(name: string): { readonly dtype: DType; readonly shape: readonly number[] } {
    const info = this.graph.values.get(name);
    if (info === undefined) throw new LoweringError(`value ${JSON.stringify(name)} has no type`);
    return info;
  }

  /** A new buffer for the value `name` in the given layout. */
  produce(name: string, layout: Layout, shifted = false): LoweredValue & { readonly buffer: string } {
    const { dtype, shape } = this.outputType(name);
    const type = shifted ? 'int8_t' : elementType(dtype);
    const buffer = this.addBuffer(this.#identifier('y'), type, elementCount(shape));
    const value = { name, dtype, shape, layout, shifted, buffer };
    this.setValue(value);
    return value;
  }

  /** A new buffer for the value `name` in ONNX order. */
  producePlain(name: string): LoweredValue & { readonly buffer: string } {
    return this.produce(name, plainLayout(this.outputType(name).shape));
  }

  /** A value of its own buffer for the time of one layer. */
  temporary(like: LoweredValue): LoweredValue & { readonly buffer: string } {
    const buffer = this.addBuffer(this.#identifier('t'), this.storedType(like), elementCount(like.shape));
    const { tensor: _, ...rest } = like;
    return { ...rest, buffer };
  }

  /** The value under another name, shape or layout: no data moves. */
  alias(name: string, source: LoweredValue, layout: Layout): void {
    const { dtype, shape } = this.outputType(name);
    this.setValue({ ...source, name, dtype, shape, layout });
  }

  /** How the value is stored. */
  storedType(value: LoweredValue): ElementType {
    return value.shifted ? 'int8_t' : elementType(value.dtype);
  }

  /** Its argument in a call; an initializer becomes a constant in its layout. */
  argument(value: LoweredValue): Argument {
    if (value.buffer !== undefined) return { kind: 'buffer', id: value.buffer, type: this.storedType(value) };
    return { kind: 'constant', id: this.#materialize(value) };
  }

  reads(...values: readonly LoweredValue[]): string[] {
    return values.flatMap((value) => value.buffer ?? []);
  }

  #materialize(value: LoweredValue): string {
    const { tensor } = value;
    if (tensor === undefined) throw new LoweringError('a value is neither computed nor constant');
    const type = this.storedType(value);
    return this.constant('c', type, elementCount(value.shape), () => {
      const source = storedData(tensor.data);
      const order = logicalIndices(value.layout);
      const shift = value.shifted ? 128 : 0;
      const target = arrayOf(type, order.length);
      const big = target instanceof BigInt64Array || target instanceof BigUint64Array;
      for (let i = 0; i < order.length; i++) {
        const element = source[order[i]];
        target[i] = big ? BigInt(element) : Number(element) - shift;
      }
      return target;
    });
  }

  /** The value in another layout: an initializer is rearranged at compile time, anything else by copy calls. */
  inLayout(value: LoweredValue, layout: Layout): LoweredValue {
    if (sameLayout(value.layout, layout)) return { ...value, layout };
    if (value.buffer === undefined || elementCount(value.shape) === 0) return { ...value, layout };
    let current = value;
    for (const copy of planCopies(value.layout, layout)) {
      const type = this.storedType(value);
      const buffer = this.addBuffer(this.#identifier('t'), type, elementCount(value.shape));
      const next = { ...current, layout: copy.layout, buffer };
      this.call({
        ...copyStep(type, copy.axes),
        args: [this.argument(current), this.argument(next)],
        reads: this.reads(current),
        writes: [buffer],
      });
      current = next;
    }
    return current;
  }

  plain(value: LoweredValue): LoweredValue {
    return this.inLayout(value, plainLayout(value.shape));
  }

  /** The value as int8, uint8 ones 128 lower; with what was taken off (0 or 128). */
  signed(value: LoweredValue): { readonly value: LoweredValue; readonly shift: number } {
    if (value.dtype === 'int8') return { value, shift: 0 };
    if (value.dtype !== 'uint8') throw new LoweringError(`quantized values of type ${value.dtype} have no kernel`);
    return { value: value.shifted ? value : this.#flip(value, true), shift: 128 };
  }

  /** The value as its own type says. */
  unshifted(value: LoweredValue): LoweredValue {
    return value.shifted ? this.#flip(value, false) : value;
  }

  #flip(value: LoweredValue, shifted: boolean): LoweredValue {
    if (value.buffer === undefined) return { ...value, shifted };
    const type = shifted ? 'int8_t' : 'uint8_t';
    const elements = elementCount(value.shape);
    const buffer = this.addBuffer(this.#identifier('f'), type, elements);
    const result = { ...value, shifted, buffer };
    this.call({
      kernel: 'dnnrt_flip_sign_8',
      args: [
        { kind: 'integer', value: elements },
        { kind: 'buffer', id: value.buffer, type: 'uint8_t' },
        { kind: 'buffer', id: buffer, type: 'uint8_t' },
      ],
      reads: [value.buffer],
      writes: [buffer],
      inPlace: [value.buffer],
    });
    return result;
  }
}
