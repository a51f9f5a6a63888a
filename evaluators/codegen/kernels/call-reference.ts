/** Calls of the reference kernels of integer convolutions and products: they take every shape and zero point and no working memory. */

import type { Call, Lowering } from '../lowering.ts';
import { type IntegerConvolution, type IntegerProduct, referenceConstants, weightZeroFields } from './integer-layer.ts';

export function referenceConvolution(lowering: Lowering, layer: IntegerConvolution): Call {
  const { x, y } = layer;
  return {
    kernel: layer.depthwise ? 'dnnrt_depthwise2d_s8' : 'dnnrt_conv2d_s8',
    params: {
      struct: 'dnnrt_conv2d_s8_t',
      fields: {
        window: { fields: layer.window },
        out_c: layer.channels,
        groups: layer.groups,
        x_zero: layer.xZero,
        ...weightZeroFields(lowering, layer),
        ...referenceConstants(lowering, layer),
        requantize: layer.requantize,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  };
}

export function referenceProduct(lowering: Lowering, layer: IntegerProduct): Call {
  const { x, y } = layer;
  return {
    kernel: 'dnnrt_fc_s8',
    params: {
      struct: 'dnnrt_fc_s8_t',
      fields: {
        rows: layer.rows,
        in_n: layer.length,
        out_n: layer.channels,
        x_zero: layer.xZero,
        ...weightZeroFields(lowering, layer),
        ...referenceConstants(lowering, layer),
        requantize: layer.requantize,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  };
}
