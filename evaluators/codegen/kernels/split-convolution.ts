/**
 * Grouped convolutions in parts, for cores whose kernels take no groups: each group is a convolution without groups over some of the
 * channels, which are copied out of x [pixels, in_c] and into y [pixels, out_c]. Groups of one input channel and several filters are as
 * many depthwise convolutions as a channel has filters. The parts give the bits of the whole, since each output is the same sum.
 */
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import { elementBytes } from '../element-type.ts';
import { channelsLast } from '../layout.ts';
import type { WindowFields } from '../lower/window.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import { speedModel, stepCycles } from '../predict/speed-model.ts';
import { copyRuns } from './copy-runs.ts';
import type { FloatConvolution } from './float-layer.ts';
import type { IntegerConvolution } from './integer-layer.ts';
import { takeMultipliers } from './requantize-table.ts';

type Stored = LoweredValue & { readonly buffer: string };

export type Splittable = IntegerConvolution | FloatConvolution;

/** What differs from the whole layer. */
export interface ConvolutionPart {
  readonly x: LoweredValue;
  readonly y: Stored;
  readonly window: WindowFields;
  readonly groups: number;
  readonly depthwise: boolean;
  readonly channels: number;
  readonly order: () => Uint32Array;
  readonly bias: Tensor | undefined;
  /** Channel of the whole layer. */
  readonly channelAt: (channel: number) => number;
}

/** Makes layers of parts. */
export type PartMaker<L> = () => (part: ConvolutionPart) => L;

type CallPart = (part: ConvolutionPart) => void;

export function isSplittable(lowering: Lowering, { x, window, groups, channels }: Splittable): boolean {
  const several = groups > 1 && channels > groups;
  return lowering.inParts && lowering.weights !== 'smallest' && several && window.batch === 1 && x.buffer !== undefined;
}

/** Copies and calls cost time too. A whole layer whose kernel was never measured on the core is not one that the core is made for. */
export function isFasterInParts<L extends Splittable>(
  lowering: Lowering,
  layer: L,
  call: (layer: L) => void,
  parts: PartMaker<L>,
): boolean {
  const model = speedModel(lowering.board.core);
  const cyclesOf = (make: () => void, guess: number) =>
    lowering.trial(make, (steps) => {
      const buffers = [...lowering.buffers.values()];
      return steps.reduce((sum, step) => sum + model.around.call + (stepCycles(step, { buffers }, model) ?? guess), 0);
    });
  const whole = cyclesOf(() => call(layer), Number.POSITIVE_INFINITY);
  return cyclesOf(() => callInParts(lowering, layer, call, parts), 0) < whole;
}

export function callInParts<L extends Splittable>(
  lowering: Lowering,
  layer: L,
  call: (layer: L) => void,
  parts: PartMaker<L>,
): void {
  const { groups, channels, depthwise } = layer;
  const make = parts();
  const callPart = (part: ConvolutionPart) => call(make(part));
  const many = depthwise ? channels / groups : groups;
  for (let index = 0; index < many; index++) {
    if (depthwise) depthwisePart(lowering, layer, index, callPart);
    else groupPart(lowering, layer, index, callPart);
  }
}

/** Some channels of an image as a value of its own. */
export function someChannels(lowering: Lowering, image: LoweredValue, channels: number): Stored {
  const [batch, , ...spatial] = image.shape;
  const shape = [batch, channels, ...spatial];
  return lowering.temporary({ ...image, shape, layout: channelsLast(shape) });
}

/** The bias of channels at(0), at(1) … */
export function slicedBias(
  bias: Tensor | undefined,
  channels: number,
  at: (channel: number) => number,
): Tensor | undefined {
  if (bias === undefined) return undefined;
  const values = Array.from({ length: channels }, (_, c) => Number(bias.data[at(c)]));
  return bias.dtype === 'int32'
    ? tensor('int32', [channels], Int32Array.from(values))
    : tensor('float32', [channels], Float32Array.from(values));
}

function groupPart(lowering: Lowering, layer: Splittable, group: number, callPart: CallPart): void {
  const { x, y, window, groups, length, bias } = layer;
  const [depth, channels] = [window.in_c / groups, layer.channels / groups];
  const [from, to] = [someChannels(lowering, x, depth), someChannels(lowering, y, channels)];
  const bytes = elementBytes(lowering.storedType(y));
  const pixels = elementCount(x.shape) / window.in_c;
  const read = { size: depth * bytes, of: window.in_c * bytes, at: group * depth * bytes };
  copyRuns(lowering, x, from, {
    rows: 1,
    columns: pixels,
    run: read.size,
    x: { step: read.of, offset: read.at },
    y: { step: read.size },
  });
  const channelAt = (channel: number) => group * channels + channel;
  const first = group * channels * length;
  callPart({
    x: from,
    y: to,
    window: { ...window, in_c: depth },
    groups: 1,
    depthwise: false,
    channels,
    order: () => layer.order().subarray(first, first + channels * length),
    bias: slicedBias(bias, channels, channelAt),
    channelAt,
  });
  const run = channels * bytes;
  copyRuns(lowering, to, y, {
    rows: 1,
    columns: window.out_h * window.out_w,
    run,
    x: { step: run },
    y: { step: layer.channels * bytes, offset: group * run },
  });
}

/** Filter `index` of every channel. */
function depthwisePart(lowering: Lowering, layer: Splittable, index: number, callPart: CallPart): void {
  const { x, y, window, groups, length, bias } = layer;
  const filters = layer.channels / groups;
  const to = someChannels(lowering, y, groups);
  const bytes = elementBytes(lowering.storedType(y));
  const channelAt = (channel: number) => channel * filters + index;
  callPart({
    x,
    y: to,
    window,
    groups,
    depthwise: true,
    channels: groups,
    order: () => {
      const order = layer.order();
      return Uint32Array.from({ length: length * groups }, (_, i) => order[i * filters + index]);
    },
    bias: slicedBias(bias, groups, channelAt),
    channelAt,
  });
  copyRuns(lowering, to, y, {
    rows: 1,
    columns: window.out_h * window.out_w * groups,
    run: bytes,
    x: { step: bytes },
    y: { step: filters * bytes, offset: index * bytes },
  });
}

export function floatParts(layer: FloatConvolution): (part: ConvolutionPart) => FloatConvolution {
  return ({ channelAt: _, ...part }) => ({ ...layer, ...part });
}

/** With the multipliers and zero points of its channels; those of the whole layer are taken out of the constants. */
export function integerParts(
  lowering: Lowering,
  layer: IntegerConvolution,
): (part: ConvolutionPart) => IntegerConvolution {
  const { weightZeros } = layer;
  const { multipliers } = takeMultipliers(lowering, layer);
  const { fields } = layer.requantize;
  const isSingle = fields['per_channel'] === 0;
  return ({ channelAt, ...part }) => {
    const { channels } = part;
    // Some kernels take channels in pairs: an odd number of multipliers gets one more.
    const entries = isSingle ? 1 : channels + (channels & 1);
    const multiplier = lowering.constant('m', 'float', entries, () => {
      const values = multipliers();
      return Float32Array.from({ length: entries }, (_, c) => (c < channels ? values[channelAt(c)] : 0));
    });
    const zeros = Int8Array.from({ length: channels }, (_, c) => weightZeros[channelAt(c)]);
    return {
      ...layer,
      ...part,
      weightZeros: weightZeros.length > 1 ? zeros : weightZeros,
      requantize: { fields: { ...fields, multiplier: { constant: multiplier } } },
    };
  };
}
