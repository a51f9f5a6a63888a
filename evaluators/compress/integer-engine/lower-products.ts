/** Convolutions and dense layers as steps of the integer engine. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { limits, multipliers, perChannel, scalar } from '../../ops/integer/requantize.ts';
import { valueInfo } from '../graph-edit.ts';
import { activation, constant, type Lowering, outputLimits, pair, planeOf, signedness } from './integer-operands.ts';
import { packWeights } from './pack-weights.ts';

/** Bytes of columns that fit the first-level cache beside the weights. */
const COLUMN_BYTES = 32768;

const ceilTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

export function lowerConv(l: Lowering, node: Node, op: OpOf<'QLinearConv'>): number | null {
  const x = activation(l, node.inputs[0]);
  const y = activation(l, node.outputs[0]);
  const w = constant(l, node.inputs[3]);
  if (x === null || y === null || w === undefined || op.kernelShape.length > 2) return null;
  const outputs = w.shape[0];
  const depth = elementCount(w.shape.slice(1));
  const [height, width] = planeOf(x.shape);
  const [outH, outW] = planeOf(y.shape);
  const kernel = pair(op.kernelShape, 1);
  const stride = pair(op.strides, 1);
  const dilation = pair(op.dilations, 1);
  const pads = pair(op.pads.slice(0, op.kernelShape.length), 0);
  const paddedH = Math.max(height + pads[0], (outH - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1);
  const paddedW = Math.max(width + pads[1], (outW - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1);
  const pairs = Math.ceil(depth / 2);
  const block = Math.max(8, Math.min(ceilTo(outH * outW, 8), Math.floor(COLUMN_BYTES / (pairs * 4) / 8) * 8));
  const zeros = perChannel(constant(l, node.inputs[5]), outputs, 'wZero', 0);
  const weights = l.memory.place(packWeights(w.data as ArrayLike<number>, zeros, outputs, op.group, depth));
  const scales = perChannel(constant(l, node.inputs[4]), outputs, 'wScale');
  const m = multipliers(
    scalar(constant(l, node.inputs[1]), 'xScale'),
    scales,
    scalar(constant(l, node.inputs[6]), 'yScale'),
  );
  const bias = constant(l, node.inputs[8])?.data;
  const { low, high } = outputLimits(y, op.clamp);
  return l.memory.step('conv', [
    x.address,
    x.count,
    y.address,
    y.count,
    x.shape[1],
    height,
    width,
    outputs,
    op.group,
    ...kernel,
    ...stride,
    ...dilation,
    ...pads,
    paddedH,
    paddedW,
    outH,
    outW,
    scalar(constant(l, node.inputs[2]), 'xZero', 0),
    x.signed,
    weights,
    l.memory.place(bias instanceof Int32Array ? bias : new Int32Array(outputs)),
    l.memory.place(Float32Array.from(m)),
    scalar(constant(l, node.inputs[7]), 'yZero', 0),
    low,
    high,
    y.signed,
    l.memory.reserve(2 * x.shape[1] * paddedH * paddedW),
    l.memory.reserve(4 * pairs * block),
    block,
  ]);
}

interface DenseOperands {
  readonly x: string;
  readonly xZero: number;
  readonly weights: Tensor;
  readonly zeros: Float64Array;
  readonly bias: Int32Array;
  readonly multipliers: Float64Array;
  readonly yZero: number;
  readonly outputs: number;
  readonly depth: number;
  /** Index of weight (output, k). */
  readonly at: (output: number, k: number) => number;
  readonly clamp: Parameters<typeof limits>[1];
}

export function gemmOperands(l: Lowering, node: Node, op: OpOf<'QGemm'>): DenseOperands | null {
  const weights = constant(l, node.inputs[3]);
  const bias = constant(l, node.inputs[6])?.data;
  if (weights === undefined || weights.shape.length !== 2) return null;
  const [outputs, depth] = op.transB ? [weights.shape[0], weights.shape[1]] : [weights.shape[1], weights.shape[0]];
  if (bias !== undefined && (!(bias instanceof Int32Array) || bias.length !== outputs)) return null;
  const aScale = Math.fround(Math.fround(op.alpha) * scalar(constant(l, node.inputs[1]), 'aScale'));
  const scales = perChannel(constant(l, node.inputs[4]), outputs, 'bScale').map((s) => Math.fround(aScale * s));
  const yScale = constant(l, node.inputs[7]);
  return {
    x: node.inputs[0],
    xZero: scalar(constant(l, node.inputs[2]), 'aZero', 0),
    weights,
    zeros: perChannel(constant(l, node.inputs[5]), outputs, 'bZero', 0),
    bias: bias ?? new Int32Array(outputs),
    multipliers: yScale === undefined ? scales : scales.map((s) => Math.fround(s / scalar(yScale, 'yScale'))),
    yZero: scalar(constant(l, node.inputs[8]), 'yZero', 0),
    outputs,
    depth,
    at: op.transB ? (output, k) => output * depth + k : (output, k) => k * outputs + output,
    clamp: op.clamp,
  };
}

export function matMulOperands(l: Lowering, node: Node, op: OpOf<'QLinearMatMul'>): DenseOperands | null {
  const weights = constant(l, node.inputs[3]);
  const aScale = constant(l, node.inputs[1]);
  if (weights === undefined || weights.shape.length !== 2 || aScale?.data.length !== 1) return null;
  const [depth, outputs] = weights.shape;
  return {
    x: node.inputs[0],
    xZero: scalar(constant(l, node.inputs[2]), 'aZero', 0),
    weights,
    zeros: perChannel(constant(l, node.inputs[5]), outputs, 'bZero', 0),
    bias: new Int32Array(outputs),
    multipliers: multipliers(
      scalar(aScale, 'aScale'),
      perChannel(constant(l, node.inputs[4]), outputs, 'bScale'),
      scalar(constant(l, node.inputs[6]), 'yScale'),
    ),
    yZero: scalar(constant(l, node.inputs[7]), 'yZero', 0),
    outputs,
    depth,
    at: (output, k) => k * outputs + output,
    clamp: op.clamp,
  };
}

export function lowerDense(l: Lowering, node: Node, d: DenseOperands | null): number | null {
  const x = d === null ? null : activation(l, d.x);
  const output = valueInfo(l.graph, node.outputs[0]);
  const y = l.address(node.outputs[0]);
  const kind = output.dtype === 'float32' ? 2 : signedness(output);
  if (d === null || x === null || y === undefined || kind === null) return null;
  const rows = x.count / d.depth;
  const pitch = ceilTo(rows * l.batch, 8);
  const range = kind === 2 ? { low: 0, high: 0 } : limits(kind === 1 ? 'int8' : 'uint8', d.clamp);
  const packed = packWeights(d.weights.data as ArrayLike<number>, d.zeros, d.outputs, 1, d.depth, d.at);
  return l.memory.step('dense', [
    x.address,
    y,
    rows,
    d.depth,
    d.outputs,
    d.xZero,
    x.signed,
    l.memory.place(packed),
    l.memory.place(d.bias),
    l.memory.place(Float32Array.from(d.multipliers)),
    d.yZero,
    range.low,
    range.high,
    kind,
    l.memory.reserve(4 * Math.ceil(d.depth / 2) * pitch),
    pitch,
  ]);
}
