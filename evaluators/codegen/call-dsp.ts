/**
 * Calls of the integer kernels for cores with dual 16-bit multiply-accumulate and an FPU (Cortex-M4F): weights packed for them,
 * the zero point of the input folded into the bias (b' = b − x₀ · Σ w), working memory sized.
 */
import { type IntegerConvolution, type IntegerProduct, isSymmetric, storedWeights } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import type { Lowering } from './lowering.ts';
import { BLOCK, fitsPairs, packBlocks, packPairs, packTaps, pairWords, TAP_WORDS } from './pack-weights-dsp.ts';
import type { WindowFields } from './window.ts';

interface Constants {
  readonly weights: string;
  readonly bias: string;
}

/** Biases less x₀ · Σ w; `entries` of them, zeros behind the channels. */
function foldedBias(layer: IntegerConvolution | IntegerProduct, entries: number, depthwise: boolean): Int32Array {
  const { channels, length, bias, xZero } = layer;
  const weights = storedWeights(layer);
  const [channelStep, step] = depthwise ? [1, channels] : [length, 1];
  const folded = new Int32Array(entries);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += weights[c * channelStep + i * step];
    folded[c] = Number(bias?.data[c] ?? 0) - xZero * sum;
  }
  return folded;
}

function constants(
  lowering: Lowering,
  layer: IntegerConvolution | IntegerProduct,
  packed: {
    readonly words: number;
    readonly pack: () => Int32Array;
    readonly biases: number;
    readonly depthwise?: boolean;
  },
): Constants {
  const weights = lowering.constant('w', 'int32_t', packed.words, packed.pack);
  const bias = lowering.constant('b', 'int32_t', packed.biases, () =>
    foldedBias(layer, packed.biases, packed.depthwise ?? false),
  );
  return { weights, bias };
}

/** A 1×1 window that visits every pixel sees one long row. */
function flattened(window: WindowFields): WindowFields {
  const pixels = window.in_h * window.in_w;
  const every = window.stride_h === 1 && window.stride_w === 1 && window.pad_top === 0 && window.pad_left === 0;
  const same = window.out_h === window.in_h && window.out_w === window.in_w;
  if (window.kernel_h * window.kernel_w !== 1 || !every || !same || pixels > 65535) return window;
  return { ...window, in_h: 1, in_w: pixels, out_h: 1, out_w: pixels };
}

function callConvolution(
  lowering: Lowering,
  kernel: string,
  layer: IntegerConvolution,
  { weights, bias }: Constants,
  scratchWords: number,
): void {
  const { x, y } = layer;
  const scratch = lowering.scratch('int32_t', scratchWords);
  lowering.call({
    kernel,
    params: {
      struct: 'dnnrt_conv2d_s8_t',
      fields: {
        window: { fields: flattened(layer.window) },
        out_c: layer.channels,
        groups: layer.groups,
        x_zero: layer.xZero,
        weight_zero: null,
        weight_zero_step: 0,
        weights: { constant: weights },
        bias: { constant: bias },
        requantize: layer.requantize,
      },
    },
    args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
    reads: lowering.reads(x),
    writes: [y.buffer, scratch],
  });
}

function fits(layer: IntegerConvolution | IntegerProduct): boolean {
  return fitsPairs(() => storedWeights(layer), layer.channels, layer.length);
}

/** Convolution without groups, of one image. */
export const convolutionDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer) => layer.groups === 1 && layer.window.batch === 1 && isSymmetric(layer) && fits(layer),
  call: (lowering, layer) => {
    const { channels, window } = layer;
    const pairs = Math.ceil(channels / 2);
    const run = window.kernel_w * window.in_c;
    const words = window.kernel_h * pairWords(run);
    const made = constants(lowering, layer, {
      words: pairs * words,
      pack: () => packPairs(storedWeights(layer), channels, window.kernel_h, run),
      biases: pairs * 2,
    });
    // Four columns of int16, four pixels of the result, a spare pair, the quads of one field.
    const bytes = words * 16 + 4 * channels + 8 + words * 2;
    callConvolution(lowering, 'dnnrt_conv2d_s8_dsp', layer, made, Math.ceil(bytes / 4));
  },
};

/** Rows of output that the depthwise kernel gathers at once. */
const STRIP = 8;

/** 3×3 depthwise convolution of one image, one filter a channel, stride 1 or 2. */
export const depthwiseDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer) => {
    const w = layer.window;
    const plain = w.kernel_h === 3 && w.kernel_w === 3 && w.dilation_h === 1 && w.dilation_w === 1;
    const step = w.stride_h === w.stride_w && w.stride_w <= 2;
    return layer.depthwise && layer.channels === w.in_c && w.batch === 1 && plain && step && isSymmetric(layer);
  },
  call: (lowering, layer) => {
    const { channels, window } = layer;
    const made = constants(lowering, layer, {
      words: channels * TAP_WORDS,
      pack: () => packTaps(storedWeights(layer), channels),
      biases: channels,
      depthwise: true,
    });
    const pitch = Math.ceil((window.pad_left + window.in_w + 6) / 4) * 4;
    const rows = (STRIP - 1) * window.stride_h + 3;
    callConvolution(lowering, 'dnnrt_depthwise2d_s8_dsp', layer, made, rows * pitch);
  },
};

/** Fully connected layer in blocks of 8 outputs. */
export const productDsp: KernelCandidate<IntegerProduct> = {
  takes: (layer) => isSymmetric(layer) && fits(layer),
  call: (lowering, layer) => {
    const { x, y, channels, length } = layer;
    const blocks = Math.ceil(channels / BLOCK);
    const words = pairWords(length);
    const { weights, bias } = constants(lowering, layer, {
      words: blocks * (BLOCK / 2) * words,
      pack: () => packBlocks(storedWeights(layer), channels, length),
      biases: blocks * BLOCK,
    });
    const scratch = lowering.scratch('int32_t', words);
    lowering.call({
      kernel: 'dnnrt_fc_s8_dsp',
      params: {
        struct: 'dnnrt_fc_s8_t',
        fields: {
          rows: layer.rows,
          in_n: length,
          out_n: channels,
          x_zero: layer.xZero,
          weight_zero: null,
          weight_zero_step: 0,
          weights: { constant: weights },
          bias: { constant: bias },
          requantize: layer.requantize,
        },
      },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
    });
  },
};
