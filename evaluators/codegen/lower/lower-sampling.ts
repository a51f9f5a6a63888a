/** Operators that look between the elements of an image: GridSample, RoiAlign, DeformConv; plain layout. */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { LoweringError } from '../codegen-error.ts';
import type { Lowering } from '../lowering.ts';
import { integerCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { plainOperand, required } from './lower-window3.ts';

const MODES = { nearest: 0, linear: 1, cubic: 2 } as const;
const PADDINGS = { zeros: 0, border: 1, reflection: 2 } as const;

export function lowerGridSample(lowering: Lowering, { op, inputs, outputs }: Node<OpOf<'GridSample'>>): void {
  const [x, grid] = [0, 1].map((index) => required(plainOperand(lowering, inputs[index])));
  if (lowering.storedType(x) !== 'float') throw new LoweringError(`sampling ${x.dtype} has no kernel`);
  const [batch, channels, ...spatial] = x.shape;
  if (spatial.length > 3) throw new LoweringError(`images of ${spatial.length} axes have no kernel`);
  const y = lowering.producePlain(outputs[0]);
  const fields = {
    batch,
    channels,
    points: elementCount(y.shape.slice(2)),
    size: [...new Array<number>(3 - spatial.length).fill(1), ...spatial],
    axes: spatial.length,
    mode: MODES[op.mode],
    padding: PADDINGS[op.padding],
    align: op.alignCorners ? 1 : 0,
  };
  const params = ['dnnrt_grid_sample_t', fields] as const;
  invoke(lowering, { kernel: 'dnnrt_grid_sample_f32', params, operands: [x, grid], results: [y] });
}

export function lowerRoiAlign(lowering: Lowering, { op, inputs, outputs }: Node<OpOf<'RoiAlign'>>): void {
  const [x, rois, indices] = [0, 1, 2].map((index) => required(plainOperand(lowering, inputs[index])));
  if (lowering.storedType(x) !== 'float') throw new LoweringError(`sampling ${x.dtype} has no kernel`);
  const y = lowering.producePlain(outputs[0]);
  const [batch, channels, inH, inW] = x.shape;
  const fields = {
    batch,
    channels,
    in_h: inH,
    in_w: inW,
    regions: y.shape[0],
    out_h: op.outHeight,
    out_w: op.outWidth,
    sampling: op.samplingRatio,
    scale: op.scale,
    maximum: op.mode === 'max' ? 1 : 0,
    half_pixel: op.halfPixel ? 1 : 0,
    index_type: integerCode(indices.dtype),
  };
  const params = ['dnnrt_roi_align_t', fields] as const;
  invoke(lowering, { kernel: 'dnnrt_roi_align_f32', params, operands: [x, rois, indices], results: [y] });
}

export function lowerDeformConv(lowering: Lowering, { op, inputs, outputs }: Node<OpOf<'DeformConv'>>): void {
  const [x, w, offset, bias, mask] = [0, 1, 2, 3, 4].map((index) => plainOperand(lowering, inputs[index]));
  const image = required(x);
  if (lowering.storedType(image) !== 'float') throw new LoweringError(`sampling ${image.dtype} has no kernel`);
  const y = lowering.producePlain(outputs[0]);
  const [batch, channels, inH, inW] = image.shape;
  const [kernelH, kernelW] = op.kernelShape;
  const window = {
    batch,
    in_h: inH,
    in_w: inW,
    in_c: channels,
    out_h: y.shape[2],
    out_w: y.shape[3],
    kernel_h: kernelH,
    kernel_w: kernelW,
    stride_h: op.strides[0],
    stride_w: op.strides[1],
    dilation_h: op.dilations[0],
    dilation_w: op.dilations[1],
    pad_top: op.pads[0],
    pad_left: op.pads[1],
  };
  const fields = { window: { fields: window }, out_c: y.shape[1], groups: op.group, offset_groups: op.offsetGroup };
  const scratch = lowering.scratch('float', channels * kernelH * kernelW);
  const argument = (value: typeof x) => (value === null ? ({ kind: 'null' } as const) : lowering.argument(value));
  const operands = [x, w, offset, bias, mask];
  lowering.call({
    kernel: 'dnnrt_deform_conv2d_f32',
    params: { struct: 'dnnrt_deform_conv2d_t', fields },
    args: [...operands.map(argument), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'float' }],
    reads: operands.flatMap((value) => value?.buffer ?? []),
    writes: [y.buffer, scratch],
  });
}
