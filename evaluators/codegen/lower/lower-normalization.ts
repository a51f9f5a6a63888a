/** Instance, layer and group normalisation: each run of elements to mean 0 and variance 1, then scale and bias by broadcasting. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { broadcast, broadcastFields } from './broadcast.ts';
import { invoke } from './invoke.ts';
import { plainOperand, required } from './lower-window3.ts';

function standardize(
  lowering: Lowering,
  x: LoweredValue,
  y: LoweredValue,
  n: number,
  epsilon: number,
  statistics: readonly (LoweredValue | null)[] = [null, null],
): void {
  invoke(lowering, {
    kernel: 'dnnrt_standardize_f32',
    params: ['dnnrt_standardize_t', { rows: elementCount(x.shape) / n, n, epsilon }],
    operands: [x],
    results: [y, ...statistics],
    inPlace: lowering.reads(x),
  });
}

/** y = y kernel operand, with both seen as `view` and `shape`. */
function apply(
  lowering: Lowering,
  kernel: string,
  y: LoweredValue,
  view: readonly number[],
  operand: LoweredValue,
  shape: readonly number[],
): void {
  const target = { ...y, shape: view, layout: plainLayout(view) };
  const parameter = { ...operand, shape, layout: plainLayout(shape) };
  const { values, axes } = broadcast(lowering, [target, parameter], view);
  invoke(lowering, {
    kernel,
    params: ['dnnrt_broadcast_t', broadcastFields(axes)],
    operands: values,
    results: [target],
  });
}

/** Scale and bias, one number per entry of the middle axis of `view`. */
function scaleAndShift(lowering: Lowering, node: Node, y: LoweredValue, view: readonly number[]): void {
  for (const [index, kernel] of [
    [1, 'dnnrt_mul_f32'],
    [2, 'dnnrt_add_f32'],
  ] as const) {
    const operand = plainOperand(lowering, node.inputs[index]);
    if (operand !== null) apply(lowering, kernel, y, view, operand, [1, view[1], 1]);
  }
}

export function lowerInstanceNormalization(lowering: Lowering, node: Node<OpOf<'InstanceNormalization'>>): void {
  const x = required(plainOperand(lowering, node.inputs[0]));
  const y = lowering.producePlain(node.outputs[0]);
  const plane = elementCount(x.shape.slice(2));
  standardize(lowering, x, y, plane, node.op.epsilon);
  scaleAndShift(lowering, node, y, [x.shape[0], x.shape[1], plane]);
}

export function lowerGroupNormalization(lowering: Lowering, node: Node<OpOf<'GroupNormalization'>>): void {
  const { groups, epsilon, perChannelScale } = node.op;
  const x = required(plainOperand(lowering, node.inputs[0]));
  const y = lowering.producePlain(node.outputs[0]);
  const [batch, channels, ...spatial] = x.shape;
  const perGroup = (channels / groups) * elementCount(spatial);
  standardize(lowering, x, y, perGroup, epsilon);
  scaleAndShift(
    lowering,
    node,
    y,
    perChannelScale ? [batch, channels, elementCount(spatial)] : [batch, groups, perGroup],
  );
}

export function lowerLayerNormalization(lowering: Lowering, node: Node<OpOf<'LayerNormalization'>>): void {
  const x = required(plainOperand(lowering, node.inputs[0]));
  const y = lowering.producePlain(node.outputs[0]);
  const axis = node.op.axis < 0 ? node.op.axis + x.shape.length : node.op.axis;
  const statistics = [1, 2].map((index) => {
    const name = node.outputs[index];
    return name === undefined || name === '' ? null : lowering.producePlain(name);
  });
  standardize(lowering, x, y, elementCount(x.shape.slice(axis)), node.op.epsilon, statistics);
  for (const [index, kernel] of [
    [1, 'dnnrt_mul_f32'],
    [2, 'dnnrt_add_f32'],
  ] as const) {
    const operand = plainOperand(lowering, node.inputs[index]);
    if (operand !== null) apply(lowering, kernel, y, x.shape, operand, operand.shape);
  }
}
