/** Operators of the com.microsoft domain that ONNX Runtime's quantizer writes. */
import { normalizeAxis } from '../../ops/operator.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';
import { QUANTIZATION } from './quantization.ts';
import { poolWindow } from './window.ts';

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

export const MICROSOFT: ConverterTable = {
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
