/** Operators of the com.microsoft domain that ONNX Runtime's quantizer writes. */
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';
import { gemmOp } from './linear.ts';
import { QUANTIZATION } from './quantization.ts';
import { convOp, poolWindow } from './window.ts';

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

function channelsFirst(c: NodeContext): void {
  if (c.attributes.flag('channels_last', false))
    throw c.unsupported('channels-last pooling is not supported', 'Quantize the model without layout optimisation.');
}

function averagePool(c: NodeContext) {
  channelsFirst(c);
  const ceilMode = c.attributes.flag('ceil_mode', false);
  const countIncludePad = c.attributes.flag('count_include_pad', false);
  return c.result({ kind: 'QLinearAveragePool', ceilMode, countIncludePad, ...poolWindow(c) }, c.inputs);
}

function globalAveragePool(c: NodeContext) {
  channelsFirst(c);
  return c.result({ kind: 'QLinearGlobalAveragePool' }, c.inputs);
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
  FusedConv: fused('Conv'),
  FusedGemm: fused('Gemm'),
  FusedMatMul: fusedMatMul,
  Gelu: (c) => c.result({ kind: 'Unary', fn: 'Gelu', alpha: 0, beta: 0 }, [c.input(0, 'input')]),
  QGemm: qgemm,
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
