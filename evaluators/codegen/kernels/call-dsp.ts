/**
 * Calls of the integer kernels for cores with dual 16-bit multiply-accumulate and an FPU (Cortex-M4F): weights packed for them,
 * the zero point of the input folded into the bias (b' = b − x₀ · Σ (w − w₀)), working memory sized.
 */

import type { WindowFields } from '../lower/window.ts';
import type { Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { type IntegerConvolution, type IntegerProduct, isSymmetric, storedWeights } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import {
  BLOCK,
  canShareSums,
  packBlocks,
  packPairs,
  packWide,
  pairWords,
  sharesTails,
  withTailsBehind,
} from './pack-weights-dsp.ts';
import { hasPlainMultipliers, PAIR_WORDS, type PairStorage, pairTable, takeMultipliers } from './requantize-table.ts';

type Layer = IntegerConvolution | IntegerProduct;

export function zeroOf(layer: Layer): (channel: number) => number {
  const { weightZeros } = layer;
  return weightZeros.length === 1 ? () => weightZeros[0] : (channel) => weightZeros[channel];
}

/** Biases less x₀ · Σ (w − w₀), one for each channel; `depthwise`: weights [length][channels]. */
export function foldedBias(layer: Layer, weights: Int8Array, depthwise: boolean): Int32Array {
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
function fieldsOf(
  layer: Layer,
  weights: string,
  bias: string | null,
  requantize: FieldValue,
): Record<string, FieldValue> {
  return {
    x_zero: layer.xZero,
    weight_zero: null,
    weight_zero_step: 0,
    weights: { constant: weights },
    bias: bias === null ? null : { constant: bias },
    requantize,
  };
}

export function callConvolution(
  lowering: Lowering,
  kernel: string,
  layer: IntegerConvolution,
  made: {
    readonly weights: string;
    readonly bias: string | null;
    readonly scratchBytes: number;
    readonly requantize: FieldValue;
  },
): void {
  const { x, y, channels, groups } = layer;
  const scratch = lowering.scratch('int32_t', Math.ceil(made.scratchBytes / 4));
  const window = { fields: flattened(layer.window) };
  const fields = { window, out_c: channels, groups, ...fieldsOf(layer, made.weights, made.bias, made.requantize) };
  lowering.call({
    kernel,
    params: { struct: 'dnnrt_conv2d_s8_t', fields },
    args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
    reads: lowering.reads(x),
    writes: [y.buffer, scratch],
  });
}

/** Bytes that weights may take more for the sake of speed. */
const SPARE_BYTES = 2048;

/** Where nothing but the reference kernel is left, weights may take more, up to this part of the flash. */
const ROOMY = 16;

function sharesSums(layer: IntegerConvolution): boolean {
  return canShareSums(() => storedWeights(layer), layer.channels, layer.length);
}

/** Two bytes a weight cost as many more as there are weights. */
function mayBeWide(lowering: Lowering, { channels, length }: IntegerConvolution, bytes: number): boolean {
  return channels * length <= bytes && lowering.weights !== 'smallest';
}

/** Weights less their zero points. */
function centred(layer: IntegerConvolution, values: Int8Array): Int16Array {
  const zero = zeroOf(layer);
  return Int16Array.from(values, (value, i) => value - zero(Math.floor(i / layer.length)));
}

/** Four columns of int16; then what is needed of a field's bytes or the part of a shallow image under a tile, or of `spareBytes`. */
function tileScratch(words: number, { window }: IntegerConvolution, spareBytes: number): number {
  const pitch = Math.floor(((3 * window.stride_w + window.kernel_w) * window.in_c + 7) / 4) * 4;
  const bytes = window.in_c % 4 === 0 ? 0 : Math.max(2 * words, window.kernel_h * pitch);
  return 16 * words + Math.max(bytes, spareBytes);
}

/** With any weights: two in an int16, the first of them 128 higher. */
function callAffine(lowering: Lowering, layer: IntegerConvolution): void {
  const { channels, window } = layer;
  const [rows, run] = [window.kernel_h, window.kernel_w * window.in_c];
  const words = rows * pairWords(run);
  const pairs = Math.ceil(channels / 2);
  const weights = lowering.constant('w', 'int32_t', pairs * words, () =>
    packPairs({ values: storedWeights(layer), channels, rows, run, offset: true }),
  );
  const bias = lowering.constant('b', 'int32_t', pairs * 4, () => groupedBias(layer, 2, true));
  // Pixels of a short tile, an odd last channel.
  const scratchBytes = tileScratch(words, layer, 4 * channels + 8);
  const made = { weights, bias, scratchBytes, requantize: layer.requantize };
  callConvolution(lowering, 'dnnrt_conv2d_affine_s8_dsp', layer, made);
}

/** With weights, starting sums and multipliers in one stream. */
function callPairs(lowering: Lowering, layer: IntegerConvolution, storage: PairStorage): void {
  const { channels, window } = layer;
  const [height, width] = [window.kernel_h, window.kernel_w * window.in_c];
  const tails = sharesTails(height, width);
  const [rows, run] = tails ? [1, height * width] : [height, width];
  const words = rows * pairWords(run);
  const stored = PAIR_WORDS[storage] + (storage === 'int16' ? 2 : 1) * words;
  const { multipliers, requantize } = takeMultipliers(lowering, layer);
  const weights = lowering.constant('w', 'int32_t', Math.ceil(channels / 2) * stored, () => {
    const values = storedWeights(layer);
    const bias = foldedBias(layer, values, false);
    const ordered = <W extends Int8Array | Int16Array>(plain: W) =>
      tails ? withTailsBehind(plain, height, width) : plain;
    if (storage === 'int16') {
      const table = pairTable(multipliers(), layer, centred(layer, values), bias, storage);
      return packWide({ values: ordered(table.weights), channels, rows, run }, table.ends);
    }
    const table = pairTable(multipliers(), layer, values, bias, storage);
    return packPairs({ values: ordered(table.weights), channels, rows, run, offset: false }, table.ends);
  });
  const kernel = storage === 'int16' ? 'dnnrt_conv2d_s16_dsp' : 'dnnrt_conv2d_s8_dsp';
  const scratchBytes = tileScratch(words, layer, channels % 2 === 0 ? 0 : 8);
  const made = { weights, bias: null, scratchBytes, requantize };
  callConvolution(lowering, kernel, layer, made);
}

/** Convolution without groups, of one image. */
export const convolutionDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) =>
    layer.groups === 1 &&
    layer.window.batch === 1 &&
    hasPlainMultipliers(lowering, layer) &&
    (sharesSums(layer) || mayBeWide(lowering, layer, lowering.board.flashBytes / ROOMY)),
  call: (lowering, layer) => {
    const shared = sharesSums(layer);
    if (shared && !needsOffset(layer)) callPairs(lowering, layer, 'sharedInt16');
    else if (!shared || mayBeWide(lowering, layer, SPARE_BYTES)) callPairs(lowering, layer, 'int16');
    else callAffine(lowering, layer);
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
    const fields = {
      rows: layer.rows,
      in_n: length,
      out_n: channels,
      ...fieldsOf(layer, weights, bias, layer.requantize),
    };
    lowering.call({
      kernel: offset ? 'dnnrt_fc_affine_s8_dsp' : 'dnnrt_fc_s8_dsp',
      params: { struct: 'dnnrt_fc_s8_t', fields },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
    });
  },
};
