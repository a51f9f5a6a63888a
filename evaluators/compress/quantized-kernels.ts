/**
 * Which float operator between dequantized inputs and a quantized output becomes which integer operator, and with which
 * inputs. Everything here is about one node; fuse-quantized.ts walks the graph.
 */
import { integerRange } from '../ir/dtype.ts';
import type { Graph, Node } from '../ir/graph.ts';
import type { FusedClamp, Op, OpOf } from '../ir/op.ts';
import { type Tensor, tensor } from '../ir/tensor.ts';
import { isQuantizedType, type Limits, quantizeValue, roundHalfEven } from '../ops/integer/requantize.ts';
import { isPerTensor, type QuantizedValue } from './quantized-value.ts';

/** What the output is quantized to. */
export interface Target {
  readonly scale: string;
  readonly zero: string;
  readonly dtype: 'int8' | 'uint8';
}

export interface FusionContext {
  readonly graph: Graph;
  readonly constants: Map<string, Tensor>;
  readonly quantized: ReadonlyMap<string, QuantizedValue>;
  /** Adds a constant and returns its name. */
  addConstant(base: string, value: Tensor): string;
}

export interface Kernel {
  readonly op: Op;
  readonly inputs: readonly string[];
}

const EIGHT_BIT = new Set(['int8', 'uint8']);

function dtypeOf(context: FusionContext, name: string): string {
  return context.constants.get(name)?.dtype ?? context.graph.values.get(name)?.dtype ?? '';
}

/** The quantized form of an activation: 8 bits, per tensor, not a constant. */
function activation(context: FusionContext, name: string, dtypes: ReadonlyMap<string, string>): QuantizedValue | null {
  const value = context.quantized.get(name);
  if (value === undefined || !isPerTensor(value, context.constants)) return null;
  const dtype = dtypes.get(value.q) ?? dtypeOf(context, value.q);
  return EIGHT_BIT.has(dtype) ? value : null;
}

/** The quantized form of a constant weight of at most 8 bits: per tensor, or one scale per `axis`. */
function weight(context: FusionContext, name: string, axis: number): QuantizedValue | null {
  const value = context.quantized.get(name);
  if (value === undefined || value.blockSize !== 0) return null;
  const constant = context.constants.get(value.q);
  const scale = context.constants.get(value.scale);
  if (constant === undefined || scale === undefined || !isQuantizedType(constant.dtype)) return null;
  if (constant.dtype === 'int16' || constant.dtype === 'uint16') return null;
  const wrapped = value.axis < 0 ? value.axis + constant.shape.length : value.axis;
  return scale.data.length === 1 || wrapped === axis ? value : null;
}

/** The bias as int32 with scale xScale · wScale and no zero point: the model's own, or a float constant quantized here. */
function bias(context: FusionContext, name: string, x: QuantizedValue, w: QuantizedValue): string | null {
  if (name === '') return '';
  const quantized = context.quantized.get(name);
  if (quantized !== undefined) return context.constants.get(quantized.q)?.dtype === 'int32' ? quantized.q : null;
  const values = context.constants.get(name);
  const xScale = context.constants.get(x.scale);
  const wScale = context.constants.get(w.scale);
  if (values === undefined || xScale === undefined || wScale === undefined || values.dtype !== 'float32') return null;
  const range: Limits = { low: -(2 ** 31), high: 2 ** 31 - 1 };
  const data = Int32Array.from({ length: values.data.length }, (_, i) => {
    const scale = Math.fround(Number(xScale.data[0]) * Number(wScale.data[wScale.data.length === 1 ? 0 : i]));
    return Math.max(range.low, Math.min(range.high, roundHalfEven(Number(values.data[i]) / scale)));
  });
  return context.addConstant(`${name}_int32`, tensor('int32', values.shape, data));
}

/** A float clamp in the integer units of `target`; undefined when it changes nothing. */
export function integerClamp(
  clamp: FusedClamp | undefined,
  target: Target,
  constants: ReadonlyMap<string, Tensor>,
): { readonly clamp?: FusedClamp } {
  if (clamp === undefined) return {};
  const [low, high] = integerRange(target.dtype);
  const scale = Number(constants.get(target.scale)?.data[0]);
  const zero = target.zero === '' ? 0 : Number(constants.get(target.zero)?.data[0]);
  const min = quantizeValue(clamp.min, scale, zero, { low, high });
  const max = quantizeValue(clamp.max, scale, zero, { low, high });
  return min === low && max === high ? {} : { clamp: { min, max } };
}

function clampOf(op: Op): FusedClamp | undefined {
  return 'clamp' in op ? op.clamp : undefined;
}

function intersect(a: FusedClamp | undefined, b: FusedClamp | undefined): FusedClamp | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { min: Math.min(Math.max(a.min, b.min), b.max), max: Math.max(Math.min(a.max, b.max), b.min) };
}

/** The integer operator for `node` with its output quantized to `target`, or null when there is none. */
export function kernelFor(
  context: FusionContext,
  node: Node,
  target: Target,
  after: FusedClamp | undefined,
  dtypes: ReadonlyMap<string, string>,
): Kernel | null {
  const { op, inputs } = node;
  const clamp = integerClamp(intersect(clampOf(op), after), target, context.constants);
  const read = (index: number): QuantizedValue | null => activation(context, inputs[index] ?? '', dtypes);
  switch (op.kind) {
    case 'Conv':
      return convKernel(context, op, inputs, target, clamp, read(0));
    case 'Gemm':
      return gemmKernel(context, op, inputs, target, clamp, read(0));
    case 'MatMul': {
      const a = read(0);
      const b =
        read(1) ?? weight(context, inputs[1] ?? '', (context.graph.values.get(inputs[1])?.shape.length ?? 2) - 1);
      if (a === null || b === null) return null;
      return {
        op: { kind: 'QLinearMatMul', ...clamp },
        inputs: [...triple(a), ...triple(b), target.scale, target.zero],
      };
    }
    case 'Binary': {
      const [a, b] = [read(0), read(1)];
      if (a === null || b === null || (op.fn !== 'Add' && op.fn !== 'Mul')) return null;
      return {
        op: { kind: 'QLinearBinary', fn: op.fn, ...clamp },
        inputs: [...triple(a), ...triple(b), target.scale, target.zero],
      };
    }
    default:
      return after === undefined ? plainKernel(context, node, target, dtypes) : null;
  }
}

const triple = (value: QuantizedValue): string[] => [value.q, value.scale, value.zero];

type ClampPart = { readonly clamp?: FusedClamp };

function convKernel(
  context: FusionContext,
  op: OpOf<'Conv'>,
  inputs: readonly string[],
  target: Target,
  clamp: ClampPart,
  x: QuantizedValue | null,
): Kernel | null {
  const w = weight(context, inputs[1] ?? '', 0);
  if (x === null || w === null) return null;
  const b = bias(context, inputs[2] ?? '', x, w);
  if (b === null) return null;
  const { kernelShape, strides, dilations, pads, group } = op;
  const all = [...triple(x), ...triple(w), target.scale, target.zero];
  return {
    op: { kind: 'QLinearConv', kernelShape, strides, dilations, pads, group, ...clamp },
    inputs: b === '' ? all : [...all, b],
  };
}

/** QGemm; `target` null = float output. */
export function gemmKernel(
  context: FusionContext,
  op: OpOf<'Gemm'>,
  inputs: readonly string[],
  target: Target | null,
  clamp: ClampPart,
  a: QuantizedValue | null,
): Kernel | null {
  const b = weight(context, inputs[1] ?? '', op.transB ? 0 : 1);
  if (a === null || b === null || (op.beta !== 1 && (inputs[2] ?? '') !== '')) return null;
  if (op.alpha !== 1 && (inputs[2] ?? '') !== '') return null;
  const c = bias(context, inputs[2] ?? '', a, b);
  if (c === null) return null;
  const { alpha, transA, transB } = op;
  const output = target === null ? [] : [target.scale, target.zero];
  const all = [...triple(a), ...triple(b), c, ...output];
  return { op: { kind: 'QGemm', alpha, transA, transB, ...clamp }, inputs: all };
}

/** Operators of one or more activations without weights and without a folded activation. */
function plainKernel(
  context: FusionContext,
  node: Node,
  target: Target,
  dtypes: ReadonlyMap<string, string>,
): Kernel | null {
  const { op, inputs } = node;
  if (op.kind === 'Concat') {
    const parts = inputs.map((name) => activation(context, name, dtypes));
    if (parts.some((part) => part === null)) return null;
    const flat = parts.flatMap((part) => (part === null ? [] : triple(part)));
    return { op: { kind: 'QLinearConcat', axis: op.axis }, inputs: [target.scale, target.zero, ...flat] };
  }
  const x = activation(context, inputs[0] ?? '', dtypes);
  const unary = x === null ? null : unaryOp(op);
  if (x === null || unary === null) return null;
  return { op: unary, inputs: [...triple(x), target.scale, target.zero] };
}

function unaryOp(op: Op): Op | null {
  switch (op.kind) {
    case 'AveragePool': {
      const { kernelShape, strides, dilations, pads, ceilMode, countIncludePad } = op;
      return { kind: 'QLinearAveragePool', kernelShape, strides, dilations, pads, ceilMode, countIncludePad };
    }
    case 'GlobalPool':
      return op.fn === 'Average' ? { kind: 'QLinearGlobalAveragePool' } : null;
    case 'Reduce':
      return op.fn === 'Mean' ? { kind: 'QLinearReduceMean', axes: op.axes, keepDims: op.keepDims } : null;
    case 'Softmax':
      return op.log || op.flatten ? null : { kind: 'QLinearSoftmax', axis: op.axis };
    case 'Unary':
      return { kind: 'QLinearUnary', fn: op.fn, alpha: op.alpha, beta: op.beta };
    default:
      return null;
  }
}
