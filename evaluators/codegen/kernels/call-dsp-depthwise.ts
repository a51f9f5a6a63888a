/** Calls of the depthwise kernels for cores with dual 16-bit multiply-accumulate (runtime-c, dnnrt_planes_dsp.h). */

import type { Lowering } from '../lowering.ts';
import { callConvolution, foldedBias, zeroOf } from './call-dsp.ts';
import { isThreeByThree, planeKernel, planeScratchBytes, rowWords } from './depthwise-planes.ts';
import { type IntegerConvolution, storedWeights } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import { packTapRows, packTaps, TAP_WORDS } from './pack-weights-dsp.ts';
import { CHANNEL_WORDS, hasPlainMultipliers, scaledTable, takeMultipliers } from './requantize-table.ts';

/** Output channels as the kernels go through them: input channels of each four in the order 0, 2, 1, 3, each with all its filters. */
function filterOrder({ channels, window }: IntegerConvolution): number[] {
  const [depth, filters] = [window.in_c, channels / window.in_c];
  const channelAt = (place: number) =>
    place >= depth - (depth % 4) ? place : place - (place % 4) + [0, 2, 1, 3][place % 4];
  return Array.from({ length: channels }, (_, i) => channelAt(Math.floor(i / filters)) * filters + (i % filters));
}

/** Of one image. */
function isPlain(layer: IntegerConvolution, lowering: Lowering): boolean {
  return layer.depthwise && layer.window.batch === 1 && hasPlainMultipliers(lowering, layer);
}

/** `pack`: the words of a channel, `words` of them, from its weights [kernel height][kernel width] times their factor. */
function callDepthwise(
  lowering: Lowering,
  layer: IntegerConvolution,
  kernel: string,
  words: number,
  pack: (weights: Int32Array) => readonly number[],
): void {
  const { channels, length, window } = layer;
  const { multipliers, requantize } = takeMultipliers(lowering, layer);
  const made = once(() => {
    const values = storedWeights(layer);
    const zero = zeroOf(layer);
    const taps = (c: number) => Int32Array.from({ length }, (_, i) => values[i * channels + c] - zero(c));
    return { taps, ...scaledTable(multipliers(), layer, taps, foldedBias(layer, values, true)) };
  });
  const weights = lowering.constant('w', 'int32_t', channels * words, () => {
    const { taps, factors } = made();
    return Int32Array.from(filterOrder(layer).flatMap((c) => pack(taps(c).map((weight) => weight * factors[c]))));
  });
  const bias = lowering.constant('b', 'int32_t', channels * CHANNEL_WORDS, () => {
    const { table } = made();
    const order = filterOrder(layer);
    return table.map((_, i) => table[order[i >> 1] * CHANNEL_WORDS + (i & 1)]);
  });
  callConvolution(lowering, kernel, layer, { weights, bias, scratchBytes: planeScratchBytes(window), requantize });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** 3×3, stride 1 or 2. */
export const depthwiseDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) => isThreeByThree(layer.window) && layer.window.stride_w <= 2 && isPlain(layer, lowering),
  call: (lowering, layer) => {
    const { turned } = planeKernel(layer.window);
    callDepthwise(lowering, layer, 'dnnrt_depthwise2d_s8_dsp', TAP_WORDS, (weights) => packTaps(weights, turned));
  },
};

/** Zeros that a dilated kernel may have for each weight. */
const MOST_ZEROS = 8;

/** Any other size; a 1×1 kernel is a product of each value. */
export const depthwiseTapsDsp: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) => {
    const { columnStride, columnDilation } = planeKernel(layer.window);
    return columnStride <= 2 && columnDilation <= MOST_ZEROS && layer.length > 1 && isPlain(layer, lowering);
  },
  call: (lowering, layer) => {
    const kernel = planeKernel(layer.window);
    const words = kernel.rows * rowWords(kernel);
    callDepthwise(lowering, layer, 'dnnrt_depthwise2d_taps_s8_dsp', words, (weights) => packTapRows(weights, kernel));
  },
};
