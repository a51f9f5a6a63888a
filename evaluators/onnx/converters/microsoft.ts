/** Operators of the com.microsoft domain that ONNX Runtime's quantizer writes. */
import type { Op } from '../../ir/op.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';
import { gemmOp } from './linear.ts';
import { MICROSOFT_FUSIONS } from './microsoft-fusions.ts';
import { QUANTIZATION } from './quantization.ts';
import { convOp, poolWindow, quantizedWindow } from './window.ts';

function qgemm(c: NodeContext) {
  const a = c.attributes;
  const op = {
    kind: 'QGemm',
    alpha: a.float('alpha', 1),
    transA: a.flag('transA', false),
    transB: a.flag('transB', false),
  } as const;
  return c.result(op, c.inputs);
}

/** Applies an operator to the first input with its channels as axis 1, wherever the model has them. */
function onChannelsFirst(
  c: NodeContext,
  isLast: boolean,
  operator: (shape: readonly number[]) => Op,
): readonly Value[] {
  const x = c.input(0, 'input');
  if (!isLast) return c.result(operator(x.type.shape), c.inputs);
  const rank = c.rank();
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  const forth = [0, rank - 1, ...spatial.map((axis) => axis + 1)];
  const back = [0, ...spatial.map((axis) => axis + 2), 1];
  const first = c.step({ kind: 'Transpose', perm: forth }, x);
  const y = c.step(operator(first.type.shape), first, ...c.inputs.slice(1));
  return c.result({ kind: 'Transpose', perm: back }, [y]);
}

const channelsLast = (c: NodeContext): boolean => c.attributes.flag('channels_last', false);

function conv(c: NodeContext) {
  const group = c.attributes.int('group', 1);
  return onChannelsFirst(c, channelsLast(c), (shape) => ({ kind: 'QLinearConv', group, ...quantizedWindow(c, shape) }));
}

function averagePool(c: NodeContext) {
  const ceilMode = c.attributes.flag('ceil_mode', false);
  const countIncludePad = c.attributes.flag('count_include_pad', false);
  return onChannelsFirst(c, channelsLast(c), (shape) => {
    return { kind: 'QLinearAveragePool', ceilMode, countIncludePad, ...poolWindow(c, shape) };
  });
}

function globalAveragePool(c: NodeContext) {
  return onChannelsFirst(c, channelsLast(c), () => ({ kind: 'QLinearGlobalAveragePool' }));
}

function nhwcMaxPool(c: NodeContext) {
  const ceilMode = c.attributes.flag('ceil_mode', false);
  return onChannelsFirst(c, true, (shape) => ({ kind: 'MaxPool', ceilMode, storageOrder: 0, ...poolWindow(c, shape) }));
}

function concat(c: NodeContext) {
  return c.result({ kind: 'QLinearConcat', axis: normalizeAxis(c.attributes.int('axis', 0), c.rank(2)) }, c.inputs);
}

/** Inputs of com.microsoft's QLinearSoftmax: x, xScale, xZero, yScale, yZero. */
function softmax(c: NodeContext) {
  const opset = c.attributes.int('opset', 13);
  const axis = normalizeAxis(c.attributes.int('axis', -1), c.rank());
  if (opset < 13 && axis !== c.rank() - 1)
    throw c.unsupported('QLinearSoftmax over several axes is not supported', 'Use opset 13 or later.');
  return c.result({ kind: 'QLinearSoftmax', axis }, c.inputs);
}

function reduceMean(c: NodeContext) {
  const all = Array.from({ length: c.rank() }, (_, axis) => axis);
  const axes = (c.attributes.ints('axes') ?? all).map((axis) => normalizeAxis(axis, c.rank())).sort((a, b) => a - b);
  return c.result({ kind: 'QLinearReduceMean', axes, keepDims: c.attributes.flag('keepdims', true) }, c.inputs);
}

function unary(fn: 'Sigmoid' | 'LeakyRelu'): Converter {
  return (c) => {
    const alpha = fn === 'LeakyRelu' ? c.attributes.float('alpha', 0.01) : 0;
    return c.result({ kind: 'QLinearUnary', fn, alpha, beta: 0 }, c.inputs);
  };
}

/** Conv and Gemm with an activation, as ONNX Runtime's optimizer saves them. */
function fused(kind: 'Conv' | 'Gemm'): Converter {
  return (c) => {
    const names = ['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'Clip', 'HardSigmoid'] as const;
    const fn = c.attributes.choice('activation', names, 'Relu');
    const parameters = kind === 'Conv' ? (c.attributes.floats('activation_params') ?? []) : [];
    const [alpha = fn === 'LeakyRelu' ? c.attributes.float('activation_alpha', 0.01) : 0, beta = 0] = parameters;
    const linear = kind === 'Conv' ? convOp(c) : gemmOp(c);
    const plain = c.step(linear, ...c.inputs);
    if (fn !== 'Clip') return c.result({ kind: 'Unary', fn, alpha, beta }, [plain]);
    return c.result({ kind: 'Clip' }, [plain, c.scalar('min', 'float32', alpha), c.scalar('max', 'float32', beta)]);
  };
}

function fusedMatMul(c: NodeContext) {
  const a = c.attributes;
  if (a.flag('transBatchA', false) || a.flag('transBatchB', false))
    throw c.unsupported('transposed batch axes are not supported', 'Save the model without optimisation.');
  const [left, right] = [swapped(c, 0, a.flag('transA', false)), swapped(c, 1, a.flag('transB', false))];
  const product = c.step({ kind: 'MatMul' }, left, right);
  return c.result({ kind: 'Binary', fn: 'Mul' }, [product, c.scalar('alpha', 'float32', a.float('alpha', 1))]);
}

/** The input with its last two axes swapped. */
function swapped(c: NodeContext, index: number, transpose: boolean): Value {
  const rank = c.rank(index);
  const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return transpose ? c.step({ kind: 'Transpose', perm }, c.input(index, 'operand')) : c.input(index, 'operand');
}

export const MICROSOFT: ConverterTable = {
  ...MICROSOFT_FUSIONS,
  FusedConv: fused('Conv'),
  FusedGemm: fused('Gemm'),
  FusedMatMul: fusedMatMul,
  Gelu: (c) => c.result({ kind: 'Unary', fn: 'Gelu', alpha: 0, beta: 0 }, [c.input(0, 'input')]),
  TransposeMatMul: fusedMatMul,
  NhwcMaxPool: nhwcMaxPool,
  QGemm: qgemm,
  QLinearConv: conv,
  QLinearAdd: (c) => c.result({ kind: 'QLinearBinary', fn: 'Add' }, c.inputs),
  QLinearMul: (c) => c.result({ kind: 'QLinearBinary', fn: 'Mul' }, c.inputs),
  QLinearAveragePool: averagePool,
  QLinearGlobalAveragePool: globalAveragePool,
  QLinearConcat: concat,
  QLinearSoftmax: softmax,
  QLinearReduceMean: reduceMean,
  QLinearSigmoid: unary('Sigmoid'),
  QLinearLeakyRelu: unary('LeakyRelu'),
  QuantizeLinear: QUANTIZATION['QuantizeLinear'],
  DequantizeLinear: QUANTIZATION['DequantizeLinear'],
};
