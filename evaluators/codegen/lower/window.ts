/** The geometry of a window over one or two spatial axes as runtime-c takes it; one axis becomes the columns of a single row. */
import type { Window } from '../../ir/op.ts';
import { LoweringError } from '../codegen-error.ts';

/** Members of dnnrt_window_t. */
export type WindowFields = Readonly<
  Record<
    | 'batch'
    | 'in_h'
    | 'in_w'
    | 'in_c'
    | 'out_h'
    | 'out_w'
    | 'kernel_h'
    | 'kernel_w'
    | 'stride_h'
    | 'stride_w'
    | 'dilation_h'
    | 'dilation_w'
    | 'pad_top'
    | 'pad_left',
    number
  >
>;

/** x [N,C,H,W] or [N,C,L], y the output shape. Throws LoweringError for other ranks and for sizes above 65535. */
export function windowFields(op: Window, x: readonly number[], y: readonly number[]): WindowFields {
  const rank = op.kernelShape.length;
  if (rank !== 1 && rank !== 2) throw new LoweringError(`windows over ${rank} axes have no two-dimensional kernel`);
  const pair = (values: readonly number[], fill: number): readonly [number, number] =>
    rank === 2 ? [values[0], values[1]] : [fill, values[0]];
  const [inH, inW] = pair(x.slice(2), 1);
  const [outH, outW] = pair(y.slice(2), 1);
  const [kernelH, kernelW] = pair(op.kernelShape, 1);
  const [strideH, strideW] = pair(op.strides, 1);
  const [dilationH, dilationW] = pair(op.dilations, 1);
  const [padTop, padLeft] = pair(op.pads.slice(0, rank), 0);
  const fields: WindowFields = {
    batch: x[0],
    in_h: inH,
    in_w: inW,
    in_c: x[1],
    out_h: outH,
    out_w: outW,
    kernel_h: kernelH,
    kernel_w: kernelW,
    stride_h: strideH,
    stride_w: strideW,
    dilation_h: dilationH,
    dilation_w: dilationW,
    pad_top: padTop,
    pad_left: padLeft,
  };
  for (const [name, value] of Object.entries(fields)) {
    if (value < -32768 || value > (name.startsWith('pad') ? 32767 : 65535)) {
      throw new LoweringError(`${name} is ${value}; the kernels take at most 65535`);
    }
  }
  return fields;
}
