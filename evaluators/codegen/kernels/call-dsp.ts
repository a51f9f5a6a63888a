/**
 * Calls of the integer kernels for cores with dual 16-bit multiply-accumulate and an FPU (Cortex-M4F): weights packed for them,
 * the zero point of the input folded into the bias (b' = b − x₀ · Σ (w − w₀)), working memory sized.
 */

import type { WindowFields } from '../lower/window.ts';
import type { Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { type IntegerConvolution, type IntegerProduct, isSymmetric, storedWeights } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import { BLOCK, canShareSums, packBlocks, packPairs, packTaps, pairWords, TAP_WORDS } from './pack-weights-dsp.ts';

type Layer = IntegerConvolution | IntegerProduct;

function zeroOf(layer: Layer): (channel: number) => number {
  const { weightZeros } = layer;
  return weightZeros.length === 1 ? () => weightZeros[0] : (channel) => weightZeros[channel];
}

/** Biases less x₀ · Σ (w − w₀), one for each channel; `depthwise`: weights [length][channels]. */
function foldedBias(layer: Layer, weights: Int8Array, depthwise: boolean): Int32Array {
  const { channels, length, bias, xZero } = layer;
  const zero = zeroOf(layer);
  const [channelStep, step] = depthwise ? [1, channels] : [length, 1];
  return Int32Array.from({ length: channels }, (_, c) => {
    let sum = -length * zero(c);
    for (let i = 0; i < length; i++) sum += weights[c * channelStep + i * step];
    return Number(bias?.data[c] ?? 0) - xZero * sum;
  });
}

/**
 * Biases of groups of `size` channels, zeros behind the last; with offset weights each group is followed by the factors of the
 * inputs' sum: w₀, and 128 more for the first channel of a pair.
 */
function groupedBias(layer: Layer, size: number, offset: boolean): Int32Array {
  const { channels } = layer;
  const bias = foldedBias(layer, storedWeights(layer), false);
  const zero = zeroOf(layer);
  const stride = offset ? 2 * size : size;
  const grouped = new Int32Array(Math.ceil(channels / size) * stride);
  for (let c = 0; c < channels; c++) {
    const place = Math.floor(c / size) * stride + (c % size);
    grouped[place] = bias[c];
    if (offset) grouped[place + size] = zero(c) + (c % 2 === 0 ? 128 : 0);
  }
  return grouped;
}

/** A pair 256 · b + a that an int16 cannot hold has b = −128. */
function needsOffset(layer: Layer): boolean {
  return !isSymmetric(layer) || storedWeights(layer).includes(-128);
}

/** A 1×1 window that visits every pixel sees one long row. */
function flattened(window: WindowFields): WindowFields {
  const pixels = window.in_h * window.in_w;
  const every = window.stride_h === 1 && window.stride_w === 1 && window.pad_top === 0 && window.pad_left === 0;
  const same = window.out_h === window.in_h && window.out_w === window.in_w;
  if (window.kernel_h * window.kernel_w !== 1 || !every || !same || pixels > 65535) return window;
  return { ...window, in_h: 1, in_w: pixels, out_h: 1, out_w: pixels };
}

/** Members that every layer has; zero points of weights are in the constants. */
function fieldsOf(layer: Layer, weights: string, bias: string): Record<string, FieldValue> {
  return {
    x_zero: layer.xZero,
    weight_zero: null,
    weight_zero_step: 0,
    weights: { constant: weights },
    bias: { constant: bias },
    requantize: layer.requantize,
  };
}

function callConvolution(
  lowering: Lowering,
  kernel: string,
  layer: IntegerConvolution,
  made: { readonly weights: string; readonly bias: string; readonly scratchBytes: number },
): void {
  const { x, y, channels, groups } = layer;
  const scratch = lowering.scratch('int32_t', Math.ceil(made.scratchBytes / 4));
  const window = { fields: flattened(layer.window) };
  const fields = { window, out_c: channels, groups, ...fieldsOf(layer, made.weights, made.bias) };
  lowering.call({
    kernel,
    params: { struct: 'dnnrt_conv2d_s8_t', fields },
    args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
    reads: lowering.reads(x),
    writes: [y.buffer, scratch],
  });
}

/** Convolution without groups, of one image. */
export const convolutionDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer) =>
    layer.groups === 1 &&
    layer.window.batch === 1 &&
    canShareSums(() => storedWeights(layer), layer.channels, layer.length),
  call: (lowering, layer) => {
    const { channels, window } = layer;
    const rows = window.kernel_h;
    const run = window.kernel_w * window.in_c;
    const pairs = Math.ceil(channels / 2);
    const words = rows * pairWords(run);
    const offset = needsOffset(layer);
    const weights = lowering.constant('w', 'int32_t', pairs * words, () =>
      packPairs({ values: storedWeights(layer), channels, rows, run, offset }),
    );
    const bias = lowering.constant('b', 'int32_t', pairs * (offset ? 4 : 2), () => groupedBias(layer, 2, offset));
    // Four columns of int16, four pixels of the result, a spare pair, the quads of one field.
    const scratchBytes = words * 16 + 4 * channels + 8 + words * 2;
    const kernel = offset ? 'dnnrt_conv2d_affine_s8_dsp' : 'dnnrt_conv2d_s8_dsp';
    callConvolution(lowering, kernel, layer, { weights, bias, scratchBytes });
  },
};

/** Rows of output that the depthwise kernel gathers at once. */
const STRIP = 8;

/** Narrow high images are walked by columns: one strip takes them all. */
export function walksByColumns(window: WindowFields): boolean {
  return window.in_h > window.in_w && window.out_w <= STRIP;
}

function byRows(window: WindowFields): { pad: number; x: number; y: number; rows: number } {
  return { pad: window.pad_left, x: window.in_w, y: window.out_w, rows: window.out_h };
}

/** Working memory of the depthwise kernel: four planes of a strip. */
export function depthwiseDspScratchBytes(window: WindowFields): number {
  const turned = { pad: window.pad_top, x: window.in_h, y: window.out_h, rows: window.out_w };
  const w = walksByColumns(window) ? turned : byRows(window);
  const pitch = Math.ceil(Math.max(w.pad + w.x, (w.y - 1) * window.stride_w + 4) / 4) * 4;
  return 4 * ((Math.min(STRIP, w.rows) - 1) * window.stride_w + 3) * pitch;
}

/** 3×3 depthwise convolution of one image, one filter a channel, stride 1 or 2. */
export const depthwiseDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer) => {
    const w = layer.window;
    const plain = w.kernel_h === 3 && w.kernel_w === 3 && w.dilation_h === 1 && w.dilation_w === 1;
    const step = w.stride_h === w.stride_w && w.stride_w <= 2;
    return layer.depthwise && layer.channels === w.in_c && w.batch === 1 && plain && step;
  },
  call: (lowering, layer) => {
    const { channels, window } = layer;
    const byColumns = walksByColumns(window);
    const weights = lowering.constant('w', 'int32_t', channels * TAP_WORDS, () =>
      packTaps(storedWeights(layer), channels, zeroOf(layer), byColumns),
    );
    const bias = lowering.constant('b', 'int32_t', channels, () => foldedBias(layer, storedWeights(layer), true));
    const scratchBytes = depthwiseDspScratchBytes(window);
    callConvolution(lowering, 'dnnrt_depthwise2d_s8_dsp', layer, { weights, bias, scratchBytes });
  },
};

/** Fully connected layer in blocks of 8 outputs. */
export const productDsp: KernelCandidate<IntegerProduct> = {
  takes: () => true,
  call: (lowering, layer) => {
    const { x, y, channels, length } = layer;
    const blocks = Math.ceil(channels / BLOCK);
    const words = pairWords(length);
    const offset = needsOffset(layer);
    const weights = lowering.constant('w', 'int32_t', blocks * (BLOCK / 2) * words, () =>
      packBlocks({ values: storedWeights(layer), channels, rows: 1, run: length, offset }),
    );
    const biases = blocks * BLOCK * (offset ? 2 : 1);
    const bias = lowering.constant('b', 'int32_t', biases, () => groupedBias(layer, BLOCK, offset));
    const scratch = lowering.scratch('int32_t', words);
    const fields = { rows: layer.rows, in_n: length, out_n: channels, ...fieldsOf(layer, weights, bias) };
    lowering.call({
      kernel: offset ? 'dnnrt_fc_affine_s8_dsp' : 'dnnrt_fc_s8_dsp',
      params: { struct: 'dnnrt_fc_s8_t', fields },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
    });
  },
};
