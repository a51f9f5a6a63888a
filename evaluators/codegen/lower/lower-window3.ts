/** Convolutions and poolings over three axes, transposed convolutions, pooling with indices: plain layout, any shape. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { LoweringError } from '../codegen-error.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { invoke } from './invoke.ts';

/** Missing leading axes get `fill`. */
function three(values: readonly number[], fill: number): number[] {
  if (values.length > 3) throw new LoweringError(`windows over ${values.length} axes have no kernel`);
  return [...new Array<number>(3 - values.length).fill(fill), ...values];
}

export function window3Fields(op: Window, x: readonly number[], y: readonly number[]): Record<string, FieldValue> {
  return {
    batch: x[0],
    in_c: x[1],
    in: three(x.slice(2), 1),
    out: three(y.slice(2), 1),
    kernel: three(op.kernelShape, 1),
    stride: three(op.strides, 1),
    dilation: three(op.dilations, 1),
    pad: three(op.pads.slice(0, op.kernelShape.length), 0),
  };
}

/** A constant or computed operand in ONNX order, or null. */
export function plainOperand(lowering: Lowering, name: string | undefined): LoweredValue | null {
  const value = lowering.optional(name);
  return value === undefined ? null : lowering.plain(lowering.unshifted(value));
}

export function required(value: LoweredValue | null): LoweredValue {
  if (value === null) throw new LoweringError('a required input is missing');
  return value;
}

export function lowerConv3d(lowering: Lowering, node: Node<OpOf<'Conv'>>): void {
  const { op } = node;
  const [x, w, bias] = [0, 1, 2].map((index) => plainOperand(lowering, node.inputs[index]));
  const y = lowering.producePlain(node.outputs[0]);
  const fields = {
    window: { fields: window3Fields(op, required(x).shape, y.shape) },
    out_c: y.shape[1],
    groups: op.group,
    lo: op.clamp?.min ?? Number.NEGATIVE_INFINITY,
    hi: op.clamp?.max ?? Number.POSITIVE_INFINITY,
  };
  invoke(lowering, {
    kernel: 'dnnrt_conv3d_f32',
    params: ['dnnrt_conv3d_t', fields],
    operands: [x, w, bias],
    results: [y],
  });
}

/** Any transposed convolution. The window of the kernel is that of the forward convolution: from this operator's output to its input. */
export function lowerConvTranspose3d(lowering: Lowering, node: Node<OpOf<'ConvTranspose'>>): void {
  const { op } = node;
  const [x, w, bias] = [0, 1, 2].map((index) => plainOperand(lowering, node.inputs[index]));
  const y = lowering.producePlain(node.outputs[0]);
  const fields = {
    window: { fields: window3Fields(op, y.shape, required(x).shape) },
    out_c: required(x).shape[1],
    groups: op.group,
    lo: op.clamp?.min ?? Number.NEGATIVE_INFINITY,
    hi: op.clamp?.max ?? Number.POSITIVE_INFINITY,
  };
  const params = ['dnnrt_conv3d_t', fields] as const;
  invoke(lowering, { kernel: 'dnnrt_conv_transpose3d_f32', params, operands: [x, w, bias], results: [y] });
}

type Pool = OpOf<'MaxPool'> | OpOf<'AveragePool'> | OpOf<'LpPool'>;

export function lowerPool3d(lowering: Lowering, node: Node<Pool>, kernel: string): void {
  const { op, outputs } = node;
  const x = required(plainOperand(lowering, node.inputs[0]));
  if (lowering.storedType(x) !== 'float') throw new LoweringError(`this pooling of ${x.dtype} has no kernel`);
  const y = lowering.producePlain(outputs[0]);
  const indices = outputs[1] === undefined || outputs[1] === '' ? null : lowering.producePlain(outputs[1]);
  const fields = {
    window: { fields: window3Fields(op, x.shape, y.shape) },
    pad_end: three(op.pads.slice(op.kernelShape.length), 0),
    count_include_pad: op.kind === 'AveragePool' && op.countIncludePad ? 1 : 0,
    column_major: op.kind === 'MaxPool' && op.storageOrder === 1 ? 1 : 0,
    norm: op.kind === 'LpPool' ? op.p : 0,
  };
  const results = op.kind === 'MaxPool' ? [y, indices] : [y];
  invoke(lowering, { kernel, params: ['dnnrt_pool3d_t', fields], operands: [x], results });
}

export function lowerLpPool(lowering: Lowering, node: Node<OpOf<'LpPool'>>): void {
  lowerPool3d(lowering, node, 'dnnrt_lp_pool3d_f32');
}
