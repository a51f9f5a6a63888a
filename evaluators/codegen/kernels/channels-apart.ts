/**
 * Convolutions with a few channels that the kernel of the core cannot compute exactly: channels all but constant, with a bias far beyond what their
 * inputs add, leave no integer factor fine enough. The kernel computes the layer with zeros in their place, the reference kernel these
 * channels alone, and their results are copied over the zeros.
 */
import type { TypedArray } from '../../ir/dtype.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { weightShift } from '../lower/quantization.ts';
import type { Lowering } from '../lowering.ts';
import { copyRuns } from './copy-runs.ts';
import type { IntegerConvolution } from './integer-layer.ts';
import { integerParts, slicedBias, someChannels } from './split-convolution.ts';

/** Weights at their zero point in these channels. */
function without({ weights, weightZeros, length }: IntegerConvolution, channels: readonly number[]): Tensor {
  const data: TypedArray = weights.data.slice();
  const shift = weightShift(weights);
  for (const c of channels) {
    const zero = weightZeros[weightZeros.length > 1 ? c : 0] + shift;
    for (let i = c * length; i < (c + 1) * length; i++) data[i] = zero;
  }
  return { ...weights, data } as Tensor;
}

/** Runs of neighbours: the first place in `channels` of each, and how many. */
function runsOf(channels: readonly number[]): { readonly from: number; readonly count: number }[] {
  const starts = channels.flatMap((c, at) => (at > 0 && channels[at - 1] === c - 1 ? [] : [at]));
  return starts.map((from, i) => ({ from, count: (starts[i + 1] ?? channels.length) - from }));
}

/** `layer` has no groups; `channels` in ascending order. */
export function callChannelsApart(
  lowering: Lowering,
  layer: IntegerConvolution,
  channels: readonly number[],
  callMost: (layer: IntegerConvolution) => void,
  callRest: (layer: IntegerConvolution) => void,
): void {
  const { x, y, window, length, bias } = layer;
  const make = integerParts(lowering, layer);
  const common = { x, window, groups: 1, depthwise: false };
  const kept = slicedBias(bias, layer.channels, (c) => c);
  for (const c of channels) if (kept !== undefined) kept.data[c] = 0;
  const most = make({
    ...common,
    y,
    channels: layer.channels,
    order: layer.order,
    bias: kept,
    channelAt: (channel) => channel,
  });
  callMost({ ...most, weights: without(layer, channels) });
  const channelAt = (channel: number) => channels[channel];
  const result = someChannels(lowering, y, channels.length);
  callRest(
    make({
      ...common,
      y: result,
      channels: channels.length,
      order: () => {
        const order = layer.order();
        return Uint32Array.from(channels.flatMap((c) => [...order.subarray(c * length, (c + 1) * length)]));
      },
      bias: slicedBias(bias, channels.length, channelAt),
      channelAt,
    }),
  );
  for (const { from, count } of runsOf(channels)) {
    copyRuns(lowering, result, y, {
      rows: 1,
      columns: window.out_h * window.out_w,
      run: count,
      x: { step: channels.length, offset: from },
      y: { step: layer.channels, offset: channels[from] },
    });
  }
}
