/** Reductions and everything else that runs along one axis or a group of axes. */
import { isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf, ReduceFunction } from '../../ir/op.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { DOUBLE_CODE, integerCode, reduceCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { type Reduction, reducedLayout, reductionOf } from './reduction.ts';

function axisFields({ outer, n, inner }: Reduction): { readonly fields: Record<string, FieldValue> } {
  return { fields: { outer, n, inner } };
}

/** `LogSumExp` -> `log_sum_exp`. */
function kernelName(fn: ReduceFunction): string {
  return `dnnrt_reduce_${fn.replaceAll(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()}_f32`;
}

/** The reduced axes of size 1 in front of an element-wise function are kept: an empty list of axes reduces single elements. */
export function lowerReduce(lowering: Lowering, node: Node<OpOf<'Reduce'>>): void {
  reduceCall(lowering, node.outputs[0], lowering.unshifted(lowering.value(node.inputs[0])), node.op.fn, node.op.axes);
}

export function reduceCall(
  lowering: Lowering,
  output: string,
  source: LoweredValue,
  fn: ReduceFunction,
  axes: readonly number[],
): void {
  const reduction = reductionOf(lowering, source, axes);
  const y = lowering.produce(output, reducedLayout(source.shape, reduction.kept));
  const values = { operands: [reduction.x], results: [y] };
  const isDouble = source.dtype === 'float64';
  if (isFloat(source.dtype) && !isDouble) {
    invoke(lowering, { kernel: kernelName(fn), params: ['dnnrt_axis_t', axisFields(reduction).fields], ...values });
    return;
  }
  const type = isDouble ? DOUBLE_CODE : integerCode(source.dtype);
  const fields = { axis: axisFields(reduction), operation: reduceCode(fn), type };
  const kernel = isDouble ? 'dnnrt_reduce_f64' : 'dnnrt_reduce_int';
  invoke(lowering, { kernel, params: ['dnnrt_reduce_int_t', fields], ...values });
}

export function lowerArgReduce(lowering: Lowering, node: Node<OpOf<'ArgReduce'>>): void {
  const { fn, axis, selectLast } = node.op;
  const source = lowering.unshifted(lowering.value(node.inputs[0]));
  const reduction = reductionOf(lowering, source, [axis]);
  const y = lowering.produce(node.outputs[0], reducedLayout(source.shape, reduction.kept));
  const type = isFloat(source.dtype) ? 0 : integerCode(source.dtype);
  const fields = { axis: axisFields(reduction), largest: fn === 'ArgMax' ? 1 : 0, last: selectLast ? 1 : 0, type };
  const kernel = isFloat(source.dtype) ? 'dnnrt_arg_reduce_f32' : 'dnnrt_arg_reduce_int';
  invoke(lowering, { kernel, params: ['dnnrt_arg_reduce_t', fields], operands: [reduction.x], results: [y] });
}

export function lowerCumSum(lowering: Lowering, node: Node<OpOf<'CumSum'>>): void {
  const { axis, exclusive, reverse, product = false } = node.op;
  const source = lowering.unshifted(lowering.value(node.inputs[0]));
  const reduction = reductionOf(lowering, source, [axis < 0 ? axis + source.shape.length : axis]);
  const y = lowering.produce(node.outputs[0], reduction.x.layout);
  const type = isFloat(source.dtype) ? 0 : integerCode(source.dtype);
  const fields = {
    axis: axisFields(reduction),
    exclusive: exclusive ? 1 : 0,
    reverse: reverse ? 1 : 0,
    type,
    product: product ? 1 : 0,
  };
  const float = source.dtype === 'float64' ? 'dnnrt_cum_sum_f64' : 'dnnrt_cum_sum_f32';
  const kernel = isFloat(source.dtype) ? float : 'dnnrt_cum_sum_int';
  invoke(lowering, { kernel, params: ['dnnrt_cum_sum_t', fields], operands: [reduction.x], results: [y] });
}

export function lowerTopK(lowering: Lowering, node: Node<OpOf<'TopK'>>): void {
  const { axis, k, largest } = node.op;
  const source = lowering.plain(lowering.unshifted(lowering.value(node.inputs[0])));
  const reduction = reductionOf(lowering, source, [axis < 0 ? axis + source.shape.length : axis]);
  const [values, indices] = node.outputs;
  const y = produceOrDrop(lowering, values, source, k, reduction);
  const places = indices === undefined || indices === '' ? null : lowering.producePlain(indices);
  const type = isFloat(source.dtype) ? 0 : integerCode(source.dtype);
  const fields = { axis: axisFields(reduction), k, largest: largest ? 1 : 0, type };
  const kernel = isFloat(source.dtype) ? 'dnnrt_top_k_f32' : 'dnnrt_top_k_int';
  invoke(lowering, { kernel, params: ['dnnrt_top_k_t', fields], operands: [reduction.x], results: [y, places] });
}

/** The kernel always writes values: when nobody wants them they go to working memory. */
function produceOrDrop(
  lowering: Lowering,
  name: string | undefined,
  like: LoweredValue,
  k: number,
  { outer, inner }: Reduction,
): LoweredValue {
  if (name !== undefined && name !== '') return lowering.producePlain(name);
  const shape = [outer, k, inner];
  return lowering.temporary({ ...like, shape, layout: { factors: shape, order: [0, 1, 2] } });
}

function flattenedAxes(shape: readonly number[], axis: number, flatten: boolean): number[] {
  const first = axis < 0 ? axis + shape.length : axis;
  return shape.map((_, i) => i).filter((i) => i === first || (flatten && i > first));
}

export function lowerSoftmax(lowering: Lowering, node: Node<OpOf<'Softmax'>>): void {
  const { axis, flatten, log } = node.op;
  const source = lowering.value(node.inputs[0]);
  const reduction = reductionOf(lowering, source, flattenedAxes(source.shape, axis, flatten));
  const y = lowering.produce(node.outputs[0], reduction.x.layout);
  const { outer, n, inner } = reduction;
  invoke(lowering, {
    kernel: log ? 'dnnrt_log_softmax_f32' : 'dnnrt_softmax_f32',
    params: [log ? 'dnnrt_axis_t' : 'dnnrt_softmax_f32_t', { outer, n, inner }],
    operands: [reduction.x],
    results: [y],
    inPlace: log ? [] : lowering.reads(reduction.x),
  });
}

export function lowerHardmax(lowering: Lowering, node: Node<OpOf<'Hardmax'>>): void {
  const source = lowering.value(node.inputs[0]);
  const reduction = reductionOf(lowering, source, flattenedAxes(source.shape, node.op.axis, node.op.flatten));
  const y = lowering.produce(node.outputs[0], reduction.x.layout);
  const params = ['dnnrt_axis_t', axisFields(reduction).fields] as const;
  invoke(lowering, { kernel: 'dnnrt_hardmax_f32', params, operands: [reduction.x], results: [y] });
}

export function lowerLRN(lowering: Lowering, node: Node<OpOf<'LRN'>>): void {
  const { size, alpha, beta, bias } = node.op;
  const reduction = reductionOf(lowering, lowering.value(node.inputs[0]), [1]);
  const y = lowering.produce(node.outputs[0], reduction.x.layout);
  const fields = { axis: axisFields(reduction), size, alpha, beta, bias };
  invoke(lowering, { kernel: 'dnnrt_lrn_f32', params: ['dnnrt_lrn_t', fields], operands: [reduction.x], results: [y] });
}
