/** Float convolutions as the operators describe them, before a kernel is chosen for the core (select-kernel.ts): y = clamp(Σ x · w + b). */
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import type { WindowFields } from '../lower/window.ts';
import type { Call, LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';

export interface FloatConvolution {
  /** Image, channels last. */
  readonly x: LoweredValue;
  readonly y: LoweredValue & { readonly buffer: string };
  readonly window: WindowFields;
  readonly groups: number;
  readonly depthwise: boolean;
  readonly channels: number;
  /** Weights of one output channel. */
  readonly length: number;
  readonly weights: Tensor;
  /** For each place of [channel][row][column][input channel] (depthwise: [row][column][channel]) the index into `weights`. */
  readonly order: () => Uint32Array;
  readonly bias: Tensor | undefined;
  readonly lo: number;
  readonly hi: number;
}

/** The weights in the reference kernel's order. */
export function orderedWeights(layer: FloatConvolution): Float32Array {
  const { data } = layer.weights;
  return Float32Array.from(layer.order(), (index) => Number(data[index]));
}

/** All members of the parameter structure but the weights. */
export function floatFields(lowering: Lowering, layer: FloatConvolution): Record<string, FieldValue> {
  const { bias } = layer;
  const constant = (tensor: Tensor) =>
    lowering.constant('b', 'float', elementCount(tensor.shape), () => Float32Array.from(tensor.data, Number));
  return {
    window: { fields: layer.window },
    out_c: layer.channels,
    groups: layer.groups,
    bias: bias === undefined ? null : { constant: constant(bias) },
    lo: layer.lo,
    hi: layer.hi,
  };
}

export function referenceFloatConvolution(lowering: Lowering, layer: FloatConvolution): Call {
  const { x, y, channels, length } = layer;
  const weights = lowering.constant('w', 'float', channels * length, () => orderedWeights(layer));
  return {
    kernel: layer.depthwise ? 'dnnrt_depthwise2d_f32' : 'dnnrt_conv2d_f32',
    params: {
      struct: 'dnnrt_conv2d_f32_t',
      fields: { ...floatFields(lowering, layer), weights: { constant: weights } },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  };
}
