/**
 * Float graph -> QDQ graph: QuantizeLinear/DequantizeLinear pairs around every operator that has an integer kernel, integer
 * weights and int32 biases behind DequantizeLinear. It runs as float (fake quantization) anywhere, exports as ONNX, and
 * fuse-quantized.ts turns it into integer operators. BatchNormalization has to be folded before.
 *
 * An activation that only feeds a Relu or Clip is not quantized: the activation folds into the clamp of its producer. Operators
 * that move elements keep the scale of what they move.
 */

import type { NumberFormat, QuantizePlan } from '../../compression-plan.ts';
import type { Graph, Node, ValueInfo } from '../../ir/graph.ts';
import type { Op } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { consumersOf, rebuild, uniqueName, valueInfo, valueNames } from '../graph-edit.ts';
import { settingOf, unknownLayer, unknownNames } from '../layer-names.ts';
import { type Affine, affineOf, type Range, scaleTensor, zeroTensor } from './affine.ts';
import { type QuantizedWeight, quantizeBias, type WeightFormat, weightGrid, weightOnGrid } from './weight-quantizer.ts';

export type Ranges = ReadonlyMap<string, Range>;

export interface QuantizeHooks {
  /** Integers of a weight tensor other than round to nearest (adaptive rounding, learned scales). */
  readonly quantizeWeight?: (node: Node, name: string) => QuantizedWeight | undefined;
  /** Scale and zero point of an activation other than from its range (learned scales). */
  readonly affine?: (value: string) => Affine | undefined;
}

/** Operators whose output has the scale of their input. */
const MOVES = new Set<Op['kind']>([
  'Reshape',
  'Transpose',
  'Slice',
  'Split',
  'Expand',
  'Tile',
  'Gather',
  'MaxPool',
  'DepthToSpace',
  'SpaceToDepth',
]);

/** Whether an integer kernel exists for the operator. */
export function hasIntegerKernel(graph: Graph, node: Node): boolean {
  const { op } = node;
  switch (op.kind) {
    case 'Conv':
      return graph.initializers.has(node.inputs[1]);
    case 'Gemm':
      return (
        graph.initializers.has(node.inputs[1]) && op.alpha === 1 && (op.beta === 1 || (node.inputs[2] ?? '') === '')
      );
    case 'Binary':
      return op.fn === 'Add' || op.fn === 'Mul';
    case 'MatMul':
    case 'AveragePool':
    case 'Concat':
      return true;
    case 'GlobalPool':
      return op.fn !== 'Lp';
    case 'Reduce':
      return op.fn === 'Mean';
    case 'Softmax':
      return !op.log && !op.flatten;
    case 'Unary':
      return valueInfo(graph, node.outputs[0]).dtype === 'float32';
    case 'Clip':
      return true;
    case 'Pad':
      return (
        op.mode !== 'constant' ||
        (node.inputs[1] ?? '') === '' ||
        Number(graph.initializers.get(node.inputs[1])?.data[0]) === 0
      );
    case 'Resize':
      return op.mode === 'nearest';
    default:
      return MOVES.has(op.kind) && valueInfo(graph, node.inputs[0]).dtype === 'float32';
  }
}

function isActivation(op: Op): boolean {
  return op.kind === 'Clip' || (op.kind === 'Unary' && op.fn === 'Relu');
}

/** Whether the operator's output has the scale of its input. */
export function keepsScale(op: Op): boolean {
  return (
    MOVES.has(op.kind) || op.kind === 'Pad' || op.kind === 'Resize' || (op.kind === 'GlobalPool' && op.fn === 'Max')
  );
}

/** Output range known without looking at data. */
function knownRange(op: Op): Range | null {
  const unit = { min: 0, max: 255 / 256 };
  if (op.kind === 'Softmax') return unit;
  if (op.kind === 'Unary' && op.fn === 'Sigmoid') return unit;
  return null;
}

const INTEGER_FORMATS = new Set<NumberFormat>(['int8', 'uint8', 'int4']);

/** Which axis of a weight counts structures; null when the tensor is not such a weight. */
export function structureAxis(node: Node, weight: Tensor): number | null {
  if (node.op.kind === 'Conv') return 0;
  if (node.op.kind === 'Gemm') return node.op.transB ? 0 : 1;
  if (node.op.kind === 'MatMul') return weight.shape.length === 2 ? 1 : null;
  return null;
}

export function quantize(graph: Graph, ranges: Ranges, plan: QuantizePlan, hooks: QuantizeHooks = {}): Graph {
  return new Quantizer(graph, ranges, plan, hooks).run();
}

/** Scale and zero point of every activation that `quantize` would round, by value name. */
export function activationGrids(
  graph: Graph,
  ranges: Ranges,
  plan: QuantizePlan,
  hooks: QuantizeHooks = {},
): ReadonlyMap<string, Affine> {
  const quantizer = new Quantizer(graph, ranges, plan, hooks);
  quantizer.run();
  return quantizer.affine;
}

/** The mutable state of one quantization. */
class Quantizer {
  readonly #graph: Graph;
  readonly #ranges: Ranges;
  readonly #plan: QuantizePlan;
  readonly #hooks: QuantizeHooks;
  readonly #consumers: Map<string, Node[]>;
  readonly #initializers: Map<string, Tensor>;
  readonly #names: Set<string>;
  readonly #nodes: Node[] = [];
  readonly #values: ValueInfo[] = [];
  /** Affine of each value that is quantized. */
  readonly affine = new Map<string, Affine>();
  /** Value -> the name that quantized consumers read. */
  readonly #dequantized = new Map<string, string>();
  /** Result of an integer operator -> the name that float operators read: the value before rounding exists nowhere. */
  readonly #integerResults = new Map<string, string>();
  readonly #scaleNames = new Map<string, string>();

  constructor(graph: Graph, ranges: Ranges, plan: QuantizePlan, hooks: QuantizeHooks) {
    this.#graph = graph;
    this.#ranges = ranges;
    this.#plan = plan;
    this.#hooks = hooks;
    this.#consumers = consumersOf(graph);
    this.#initializers = new Map(graph.initializers);
    this.#names = valueNames(graph);
    const names = graph.nodes.map(({ name }) => name);
    const [unknown] = unknownNames(Object.keys(plan.layers ?? {}), names);
    if (unknown !== undefined) throw unknownLayer('quantize.layers', unknown, names);
  }

  run(): Graph {
    for (const input of this.#graph.inputs) {
      if (input.dtype === 'float32' && this.#wantsQuantized(input.name))
        this.#pair(input.name, this.#parameters(input.name));
    }
    for (const node of this.#graph.nodes) this.#visit(node);
    return rebuild(this.#graph, { nodes: this.#nodes, initializers: this.#initializers, values: this.#values });
  }

  #formatOf(node: Node): NumberFormat {
    return settingOf(this.#plan.layers, node.name) ?? this.#plan.format;
  }

  #isQuantized(node: Node): boolean {
    return INTEGER_FORMATS.has(this.#formatOf(node)) && hasIntegerKernel(this.#graph, node);
  }

  #activationType(): 'int8' | 'uint8' {
    return [this.#plan.format, ...Object.values(this.#plan.layers ?? {})].includes('uint8') ? 'uint8' : 'int8';
  }

  #wantsQuantized(name: string): boolean {
    return (this.#consumers.get(name) ?? []).some((node) => this.#isQuantized(node));
  }

  #parameters(name: string): Affine {
    const given = this.#hooks.affine?.(name);
    if (given !== undefined) return given;
    const range = this.#ranges.get(name);
    if (range === undefined) throw new Error(`value "${name}" was not calibrated`);
    return affineOf(range, this.#activationType());
  }

  #visit(node: Node): void {
    if (!this.#isQuantized(node)) {
      this.#nodes.push({ ...node, inputs: node.inputs.map((name) => this.#integerResults.get(name) ?? name) });
      for (const output of node.outputs) {
        if (output === '' || valueInfo(this.#graph, output).dtype !== 'float32') continue;
        if (this.#wantsQuantized(output)) this.#pair(output, this.#parameters(output));
      }
      return;
    }
    const inputs = this.#quantizedInputs(node);
    const outputs = node.outputs.map((output) => (output === '' ? '' : this.#outputName(node, output)));
    this.#nodes.push({ ...node, inputs, outputs });
    node.outputs.forEach((output, i) => {
      if (output === '' || this.#foldsInto(node, output)) return;
      this.#pair(output, this.#outputAffine(node, output), outputs[i]);
      this.#integerResults.set(output, this.#dequantized.get(output) ?? output);
    });
  }

  /** An output that only an activation reads, which folds into this node. */
  #foldsInto(node: Node, output: string): boolean {
    const next = this.#consumers.get(output) ?? [];
    return (
      !isActivation(node.op) &&
      !keepsScale(node.op) &&
      ['Conv', 'Gemm', 'MatMul', 'Binary'].includes(node.op.kind) &&
      next.length === 1 &&
      isActivation(next[0].op) &&
      this.#isQuantized(next[0]) &&
      !this.#graph.outputs.includes(output)
    );
  }

  /** A network output keeps its name for the dequantized value. */
  #outputName(node: Node, output: string): string {
    if (!this.#graph.outputs.includes(output) || this.#foldsInto(node, output)) return output;
    const name = uniqueName(`${output}_float`, this.#names);
    this.#values.push({ ...valueInfo(this.#graph, output), name });
    return name;
  }

  #outputAffine(node: Node, output: string): Affine {
    const input = this.affine.get(node.inputs[0]);
    if (keepsScale(node.op) && input !== undefined) return input;
    const known = knownRange(node.op);
    if (known !== null && this.#hooks.affine?.(output) === undefined) return affineOf(known, this.#activationType());
    return this.#parameters(output);
  }

  #quantizedInputs(node: Node): string[] {
    const inputs = node.inputs.map((name) => this.#dequantized.get(name) ?? name);
    const weightIndex = ['Conv', 'Gemm', 'MatMul'].includes(node.op.kind) ? 1 : -1;
    const weight = this.#initializers.get(node.inputs[weightIndex] ?? '');
    if (weight !== undefined) {
      const scale = this.#weight(node, weightIndex, weight, inputs);
      this.#bias(node, scale, inputs);
      return inputs;
    }
    if (node.op.kind === 'Binary' || node.op.kind === 'Concat' || node.op.kind === 'MatMul') {
      node.inputs.forEach((name, i) => {
        const constant = this.#initializers.get(name);
        if (constant?.dtype === 'float32') inputs[i] = this.#constantPair(name, constant);
      });
    }
    return inputs;
  }

  #weight(node: Node, index: number, weight: Tensor, inputs: string[]): Tensor<'float32'> {
    const name = node.inputs[index];
    const format = this.#formatOf(node);
    const weightFormat: WeightFormat = format === 'uint8' ? 'uint8' : format === 'int4' ? 'int4' : 'int8';
    const axis = this.#plan.granularity === 'tensor' ? null : structureAxis(node, weight);
    const quantized =
      this.#hooks.quantizeWeight?.(node, name) ?? weightOnGrid(weight, weightGrid(weight, weightFormat, axis));
    inputs[index] = this.#constant(name, quantized, axis ?? 0);
    return quantized.scale;
  }

  /** Adds integer constants and their DequantizeLinear; returns the float value's name. */
  #constant(base: string, quantized: { values: Tensor; scale: Tensor; zero?: Tensor }, axis: number): string {
    const [q, scale, zero, out] = ['quantized', 'scale', 'zero', 'dequantized'].map((suffix) =>
      uniqueName(`${base}_${suffix}`, this.#names),
    );
    this.#initializers.set(q, quantized.values);
    this.#initializers.set(scale, quantized.scale);
    if (quantized.zero !== undefined) this.#initializers.set(zero, quantized.zero);
    this.#nodes.push({
      name: `${out}_node`,
      op: { kind: 'DequantizeLinear', axis, blockSize: 0 },
      inputs: quantized.zero === undefined ? [q, scale] : [q, scale, zero],
      outputs: [out],
    });
    this.#values.push({ name: out, dtype: 'float32', shape: quantized.values.shape });
    return out;
  }

  #bias(node: Node, weightScale: Tensor<'float32'>, inputs: string[]): void {
    const name = node.inputs[2] ?? '';
    const bias = this.#initializers.get(name);
    const x = this.affine.get(node.inputs[0]);
    if (bias === undefined || bias.dtype !== 'float32' || x === undefined || node.op.kind === 'MatMul') return;
    inputs[2] = this.#constant(name, quantizeBias(bias, x.scale, weightScale), Math.max(0, bias.shape.length - 1));
  }

  #constantPair(name: string, constant: Tensor): string {
    let [min, max] = [0, 0];
    for (let i = 0; i < constant.data.length; i++) {
      min = Math.min(min, Number(constant.data[i]));
      max = Math.max(max, Number(constant.data[i]));
    }
    const format: WeightFormat = this.#activationType() === 'uint8' ? 'uint8' : 'int8';
    return this.#constant(name, weightOnGrid(constant, weightGrid(constant, format, null)), 0);
  }

  /** QuantizeLinear -> DequantizeLinear after `value`, which the graph now makes under the name `from`. */
  #pair(value: string, affine: Affine, from = value): void {
    const q = uniqueName(`${value}_quantized`, this.#names);
    const out = from === value ? uniqueName(`${value}_dequantized`, this.#names) : value;
    const { shape } = valueInfo(this.#graph, value);
    const [scale, zero] = this.#scaleConstants(affine, value);
    this.#nodes.push({
      name: `${value}_quantize`,
      op: { kind: 'QuantizeLinear', axis: 0, blockSize: 0, to: affine.dtype },
      inputs: [from, scale, zero],
      outputs: [q],
    });
    this.#nodes.push({
      name: `${value}_dequantize`,
      op: { kind: 'DequantizeLinear', axis: 0, blockSize: 0 },
      inputs: [q, scale, zero],
      outputs: [out],
    });
    this.#values.push({ name: q, dtype: affine.dtype, shape }, { name: out, dtype: 'float32', shape });
    this.affine.set(value, affine);
    this.#dequantized.set(value, out);
  }

  #scaleConstants(affine: Affine, value: string): readonly [string, string] {
    const key = `${affine.dtype}/${affine.scale}/${affine.zero}`;
    const base = this.#scaleNames.get(key) ?? uniqueName(`${value}_scale`, this.#names);
    this.#scaleNames.set(key, base);
    this.#initializers.set(base, scaleTensor(affine.scale));
    this.#initializers.set(`${base}_zero`, zeroTensor(affine));
    return [base, `${base}_zero`];
  }
}
