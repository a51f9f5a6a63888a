/**
 * Turns QuantizeLinear/DequantizeLinear patterns into integer operators, as ONNX Runtime's QDQ transformer does:
 *
 *   DQ(x), DQ(w), [DQ(b)] -> Conv/Gemm/MatMul/Add/Mul/AveragePool/… -> [Relu/Clip] -> Q     =>  QLinear… with a clamp
 *   DQ -> Reshape/Transpose/MaxPool/…                                                      =>  the same on integers
 *   DQ -> Q with other parameters                                                          =>  QLinearConcat of one input
 *
 * An operator without an integer form stays in float between DequantizeLinear and QuantizeLinear. One forward walk: float
 * values that are exactly scale · (q - zero) are carried along as such and written out only where a float operator needs them.
 */
import type { Graph, Node, ValueInfo } from '../ir/graph.ts';
import type { FusedClamp, Op } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import { INTEGER_OPS } from '../ops/integer/integer-registry.ts';
import { CompressionError } from './compression-error.ts';
import { integerMovement } from './data-movement.ts';
import { consumersOf, rebuild, uniqueName, valueInfo, valueNames } from './graph-edit.ts';
import { matMulAddToGemm } from './matmul-add-to-gemm.ts';
import { gemmKernel, kernelFor, type Target } from './quantized-kernels.ts';
import { isPerTensor, type QuantizedValue, sameParameters } from './quantized-value.ts';

export interface FuseOptions {
  /** `none`: throw when a float operator remains (integer-only deployment). Default `float`. */
  readonly fallback?: 'float' | 'none';
}

export function fuseQuantized(graph: Graph, options: FuseOptions = {}): Graph {
  const fused = new Fusion(matMulAddToGemm(graph)).run();
  if (options.fallback === 'none') {
    const left = floatOperators(fused);
    if (left.length > 0) {
      throw new CompressionError(
        'FLOAT_OPERATORS_REMAIN',
        `no integer kernel for ${left.map((node) => `${node.op.kind} "${node.name}"`).join(', ')}; allow float fallback or change the model`,
      );
    }
  }
  return fused;
}

/** Nodes that compute in floating point, other than the conversions at the borders of the graph. */
export function floatOperators(graph: Graph): Node[] {
  return graph.nodes.filter((node) => {
    if (node.op.kind === 'QuantizeLinear' || node.op.kind === 'DequantizeLinear') return false;
    const dtypes = [...node.inputs.slice(0, 1), ...node.outputs.slice(0, 1)].map((name) =>
      name === '' ? '' : valueInfo(graph, name).dtype,
    );
    // An integer product may give its sums as floats; anything else that reads or makes floats computes with them.
    return !isEightBit(dtypes[0]) && dtypes.some((dtype) => dtype.startsWith('float'));
  });
}

/** The mutable state of one walk. */
class Fusion {
  readonly graph: Graph;
  readonly constants: Map<string, Tensor>;
  readonly quantized = new Map<string, QuantizedValue>();
  readonly #names: Set<string>;
  readonly #consumers: Map<string, Node[]>;
  readonly #dtypes = new Map<string, string>();
  readonly #nodes: Node[] = [];
  readonly #values: ValueInfo[] = [];
  /** Integer value -> another integer value that is the same. */
  readonly #alias = new Map<string, string>();
  /** Float values already written out. */
  readonly #written = new Set<string>();
  readonly #skip = new Set<Node>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.constants = new Map(graph.initializers);
    this.#names = valueNames(graph);
    this.#consumers = consumersOf(graph);
  }

  run(): Graph {
    for (const node of this.graph.nodes) if (!this.#skip.has(node)) this.#visit(node);
    for (const output of this.graph.outputs) this.#materialize(output);
    return rebuild(this.graph, { nodes: this.#nodes, initializers: this.constants, values: this.#values });
  }

  addConstant(base: string, value: Tensor): string {
    const name = uniqueName(base, this.#names);
    this.constants.set(name, value);
    return name;
  }

  #visit(node: Node): void {
    switch (node.op.kind) {
      case 'DequantizeLinear':
        this.#remember(node, node.op);
        return;
      case 'QuantizeLinear':
        this.#quantize(node, node.op);
        return;
      default:
        if (
          this.#move(node) ||
          this.#moveBeforeQuantize(node) ||
          this.#fuse(node) ||
          this.#fuseGemm(node) ||
          this.#standaloneUnary(node)
        )
          return;
        this.#emitFloat(node);
    }
  }

  #remember(node: Node, op: Extract<Op, { kind: 'DequantizeLinear' }>): void {
    const [q, scale, zero = ''] = node.inputs;
    this.quantized.set(node.outputs[0], {
      q: this.#alias.get(q) ?? q,
      scale,
      zero,
      axis: op.axis,
      blockSize: op.blockSize,
    });
  }

  /** A QuantizeLinear that no kernel absorbed. */
  #quantize(node: Node, op: Extract<Op, { kind: 'QuantizeLinear' }>): void {
    const [x, scale, zero = ''] = node.inputs;
    const output = node.outputs[0];
    const constant = this.constants.get(x);
    if (constant !== undefined) {
      const inputs = [constant, this.constants.get(scale), this.constants.get(zero)];

      this.constants.set(output, INTEGER_OPS.QuantizeLinear.run(op, inputs)[0]);
      return;
    }
    const known = this.quantized.get(x);
    const wanted: QuantizedValue = { q: output, scale, zero, axis: op.axis, blockSize: op.blockSize };
    const isOutput = this.graph.outputs.includes(output);
    if (known !== undefined && isPerTensor(known, this.constants) && isPerTensor(wanted, this.constants)) {
      if (sameParameters(known, wanted, this.constants) && this.#dtypeOf(known.q) === op.to && !isOutput) {
        this.#alias.set(output, known.q);
        return;
      }
      if (isEightBit(this.#dtypeOf(known.q)) && isEightBit(op.to)) {
        const inputs = [scale, zero, known.q, known.scale, known.zero];
        this.#emit({ ...node, op: { kind: 'QLinearConcat', axis: 0 }, inputs });
        return;
      }
    }
    this.#emitFloat(node);
  }

  #move(node: Node): boolean {
    const x = this.quantized.get(node.inputs[0] ?? '');
    if (x === undefined || !isPerTensor(x, this.constants)) return false;
    if (!isEightBit(this.#dtypeOf(x.q))) return false;
    const movement = integerMovement(this, node, x);
    if (movement === null) return false;
    const outputs = node.outputs.map((output) => (output === '' ? '' : uniqueName(`${output}_q`, this.#names)));
    node.outputs.forEach((output, i) => {
      if (output === '') return;
      this.#declare(outputs[i], this.#dtypeOf(x.q) === 'int8' ? 'int8' : 'uint8', valueInfo(this.graph, output).shape);
      this.quantized.set(output, { ...x, q: outputs[i] });
    });
    this.#emit({ ...node, op: movement.op, inputs: movement.inputs, outputs });
    return true;
  }

  /** A reshape of a float value that is quantized next: quantize first, then move integers. */
  #moveBeforeQuantize(node: Node): boolean {
    if (node.op.kind !== 'Reshape' && node.op.kind !== 'Transpose') return false;
    const path = this.#quantizers(node);
    const [end, ...others] = path?.ends ?? [];
    const target = end === undefined ? null : this.#targetOf(end);
    if (path === null || target === null || path.clamp !== undefined || others.length > 0) return false;
    const [input] = node.inputs;
    this.#materialize(input);
    const q = uniqueName(`${input}_q`, this.#names);
    this.#declare(q, target.dtype, valueInfo(this.graph, input).shape);
    this.#emit({ ...end, inputs: [input, ...end.inputs.slice(1)], outputs: [q] });
    this.#emit({ ...node, inputs: [q], outputs: end.outputs });
    this.#skip.add(end);
    return true;
  }

  /** The single path to a QuantizeLinear: the activation folded on the way, and every Q that reads the end of it. */
  #quantizers(
    node: Node,
  ): { readonly clamp: FusedClamp | undefined; readonly ends: Node[]; readonly via: Node[] } | null {
    let value = node.outputs[0];
    let clamp: FusedClamp | undefined;
    const via: Node[] = [];
    for (;;) {
      if (this.graph.outputs.includes(value)) return null;
      const next = this.#consumers.get(value) ?? [];
      if (next.length > 0 && next.every((user) => user.op.kind === 'QuantizeLinear' && user.inputs[0] === value)) {
        return { clamp, ends: next, via };
      }
      const only = next.length === 1 ? next[0] : undefined;
      const folded = only === undefined || clamp !== undefined ? undefined : this.#clampOf(only);
      if (only === undefined || folded === undefined) return null;
      clamp = folded;
      via.push(only);
      value = only.outputs[0];
    }
  }

  #clampOf(node: Node): FusedClamp | undefined {
    if (node.op.kind === 'Unary' && node.op.fn === 'Relu') return { min: 0, max: Number.POSITIVE_INFINITY };
    if (node.op.kind !== 'Clip') return undefined;
    const bound = (name: string | undefined, fallback: number): number | undefined =>
      name === undefined || name === '' ? fallback : toNumber(this.constants.get(name));
    const min = bound(node.inputs[1], Number.NEGATIVE_INFINITY);
    const max = bound(node.inputs[2], Number.POSITIVE_INFINITY);
    return min === undefined || max === undefined ? undefined : { min, max };
  }

  #fuse(node: Node): boolean {
    const path = this.#quantizers(node);
    if (path === null) return false;
    const targets = path.ends.map((end) => this.#targetOf(end));
    const [first, ...others] = targets;
    if (first === undefined || first === null) return false;
    const key = this.#asQuantized(first, '');
    if (others.some((other) => other === null || !sameParameters(key, this.#asQuantized(other, ''), this.constants))) {
      return false;
    }
    const kernel = kernelFor(this, node, first, path.clamp, this.#dtypes);
    if (kernel === null) return false;
    const output = path.ends[0].outputs[0];
    this.#emit({ name: node.name, op: kernel.op, inputs: kernel.inputs, outputs: [output] });
    for (const end of path.ends.slice(1)) this.#alias.set(end.outputs[0], output);
    for (const done of [...path.ends, ...path.via]) this.#skip.add(done);
    return true;
  }

  #targetOf(node: Node): Target | null {
    if (node.op.kind !== 'QuantizeLinear') return null;
    const { to } = node.op;
    if (to !== 'int8' && to !== 'uint8') return null;
    const target: Target = { scale: node.inputs[1], zero: node.inputs[2] ?? '', dtype: to };
    return isPerTensor(this.#asQuantized(target, ''), this.constants) ? target : null;
  }

  #asQuantized(target: Target, q: string): QuantizedValue {
    return { q, scale: target.scale, zero: target.zero, axis: 0, blockSize: 0 };
  }

  /** A Gemm whose output stays float: integer products, float result. */
  #fuseGemm(node: Node): boolean {
    if (node.op.kind !== 'Gemm' || node.op.clamp !== undefined) return false;
    const a = this.quantized.get(node.inputs[0]);
    if (a === undefined || !isPerTensor(a, this.constants) || !isEightBit(this.#dtypeOf(a.q))) return false;
    const kernel = gemmKernel(this, node.op, node.inputs, null, {}, a);
    if (kernel === null) return false;
    this.#emit({ ...node, op: kernel.op, inputs: kernel.inputs });
    this.#written.add(node.outputs[0]);
    return true;
  }

  /** Relu of a dequantized value: max(q, zero), with the same scale. */
  #standaloneUnary(node: Node): boolean {
    if (node.op.kind !== 'Unary' || node.op.fn !== 'Relu') return false;
    const x = this.quantized.get(node.inputs[0]);
    if (x === undefined || !isPerTensor(x, this.constants) || !isEightBit(this.#dtypeOf(x.q))) return false;
    const output = uniqueName(`${node.outputs[0]}_q`, this.#names);
    this.#declare(
      output,
      this.#dtypeOf(x.q) === 'int8' ? 'int8' : 'uint8',
      valueInfo(this.graph, node.outputs[0]).shape,
    );
    const { fn, alpha, beta } = node.op;
    const inputs = [x.q, x.scale, x.zero, x.scale, x.zero];
    this.#emit({ ...node, op: { kind: 'QLinearUnary', fn, alpha, beta }, inputs, outputs: [output] });
    this.quantized.set(node.outputs[0], { ...x, q: output });
    return true;
  }

  #emitFloat(node: Node): void {
    for (const input of node.inputs) if (input !== '') this.#materialize(input);
    this.#emit(node);
    for (const output of node.outputs) this.#written.add(output);
  }

  /** Writes the DequantizeLinear that makes `name`, if it has not been written. */
  #materialize(name: string): void {
    const value = this.quantized.get(name);
    if (value === undefined || this.#written.has(name)) return;
    this.#written.add(name);
    const { q, scale, zero, axis, blockSize } = value;
    const inputs = zero === '' ? [q, scale] : [q, scale, zero];
    this.#emit({
      name: `${name}_dequantize`,
      op: { kind: 'DequantizeLinear', axis, blockSize },
      inputs,
      outputs: [name],
    });
  }

  #emit(node: Node): void {
    this.#nodes.push({ ...node, inputs: node.inputs.map((input) => this.#alias.get(input) ?? input) });
  }

  #declare(name: string, dtype: 'int8' | 'uint8', shape: readonly number[]): void {
    this.#values.push({ name, dtype, shape });
    this.#dtypes.set(name, dtype);
  }

  #dtypeOf(name: string): string {
    return this.#dtypes.get(name) ?? this.constants.get(name)?.dtype ?? this.graph.values.get(name)?.dtype ?? '';
  }
}

function isEightBit(dtype: string | undefined): dtype is 'int8' | 'uint8' {
  return dtype === 'int8' || dtype === 'uint8';
}

function toNumber(constant: Tensor | undefined): number | undefined {
  return constant === undefined || constant.data.length !== 1 ? undefined : Number(constant.data[0]);
}
