/** Calls of the depthwise kernels for cores without SIMD (Cortex-M0+): over planes of one channel, two pixels in a word. */

import type { WindowFields } from '../lower/window.ts';
import type { Lowering } from '../lowering.ts';
import { multipliersOf } from './call-swar.ts';
import { centredWeights, type IntegerConvolution } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import { channelFactor, type PackedTaps, packColumns, packTaps, safeColumns } from './pack-weights-swar.ts';

interface DepthwiseAnalysis {
  readonly weights: Int8Array;
  /** Per channel start, factor, shift and mode. */
  readonly table: Int32Array;
}

type Analyses = WeakMap<IntegerConvolution, DepthwiseAnalysis | null>;

/** How a kernel stores the weights of one channel, and what it adds to the shift; null where it cannot. */
type Pack = (own: Int16Array) => PackedTaps | null;

function analyse(lowering: Lowering, layer: IntegerConvolution, analyses: Analyses, pack: Pack) {
  const known = analyses.get(layer);
  if (known !== undefined) return known;
  const analysis = computeAnalysis(lowering, layer, pack);
  analyses.set(layer, analysis);
  return analysis;
}

function computeAnalysis(lowering: Lowering, layer: IntegerConvolution, pack: Pack): DepthwiseAnalysis | null {
  const { channels, length, bias, xZero } = layer;
  const centred = centredWeights(layer);
  const table = new Int32Array(channels * 3);
  const weights: number[] = [];
  const multiplier = multipliersOf(lowering, layer);
  for (let c = 0; c < channels; c++) {
    const own = Int16Array.from({ length }, (_, tap) => centred[tap * channels + c]);
    const start = Number(bias?.data[c] ?? 0) - xZero * own.reduce((sum, w) => sum + w, 0);
    const factor = channelFactor(multiplier(c), start, own);
    const packed = pack(own);
    if (factor === null || packed === null) return null;
    table.set([factor.start, factor.factor, factor.shift + 256 * packed.mode], c * 3);
    weights.push(...packed.weights);
  }
  return { weights: Int8Array.from(weights), table };
}

/** One image, one filter a channel, no dilation. */
function isPlain({ depthwise, channels, window: w }: IntegerConvolution): boolean {
  return depthwise && channels === w.in_c && w.batch === 1 && w.dilation_h === 1 && w.dilation_w === 1;
}

/** Working memory of the 3×3 kernel: the plane of a channel, two rows in a word. */
export function depthwiseSwarScratchBytes(w: WindowFields): number {
  return 4 * planeWords(w);
}

/** Words of a plane. */
function planeWords(w: WindowFields): number {
  const rows = (Math.ceil(w.out_h / 2) - 1) * w.stride_h + w.kernel_h;
  return rows * ((w.out_w - 1) * w.stride_w + w.kernel_w);
}

function call(
  lowering: Lowering,
  layer: IntegerConvolution,
  { weights, table }: DepthwiseAnalysis,
  kernel: string,
  words: number,
  counts: Readonly<Record<string, number>>,
): void {
  const { x, y } = layer;
  const scratch = lowering.scratch('int32_t', words);
  lowering.call({
    kernel,
    params: {
      struct: 'dnnrt_depthwise2d_swar_t',
      fields: {
        window: { fields: layer.window },
        x_zero: layer.xZero,
        channels: layer.channels,
        weights: { constant: lowering.constant('w', 'int8_t', weights.length, () => weights) },
        table: { constant: lowering.constant('t', 'int32_t', table.length, () => table) },
        requantize: layer.requantize,
      },
    },
    args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
    reads: lowering.reads(x),
    writes: [y.buffer, scratch],
    counts,
  });
}

/** Sum of the modes of all channels. */
function modesOf({ table }: DepthwiseAnalysis): number {
  return table.reduce((sum, value, at) => sum + (at % 3 === 2 ? value >> 8 : 0), 0);
}

function required(analysis: DepthwiseAnalysis | null): DepthwiseAnalysis {
  if (analysis === null) throw new Error('the kernel does not take this layer');
  return analysis;
}

const columns: Analyses = new WeakMap();

function packOfColumns(own: Int16Array): PackedTaps | null {
  const weights = packColumns(own);
  const safe = weights === null ? null : safeColumns(weights);
  return weights === null || !safe?.pairs ? null : { weights, mode: safe.whole ? 0 : 1 };
}

/** 3×3, equal strides. */
export const depthwiseSwar: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) => {
    const w = layer.window;
    const shape = isPlain(layer) && w.kernel_h === 3 && w.kernel_w === 3 && w.stride_h === w.stride_w;
    return shape && analyse(lowering, layer, columns, packOfColumns) !== null;
  },
  call: (lowering, layer) => {
    const analysis = required(analyse(lowering, layer, columns, packOfColumns));
    call(lowering, layer, analysis, 'dnnrt_depthwise2d_s8_swar', planeWords(layer.window), {
      split: modesOf(analysis),
    });
  },
};

const taps: Analyses = new WeakMap();

function packOfTaps({ kernel_h, kernel_w }: WindowFields): Pack {
  return (own) => packTaps(own, kernel_h, kernel_w);
}

/** Share of the board's RAM that a plane may take. */
const PLANE_SHARE = 1 / 8;

/** Any kernel, any strides. */
export const depthwiseTapsSwar: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) => {
    const fits = 4 * planeWords(layer.window) <= lowering.board.ramBytes * PLANE_SHARE;
    return fits && isPlain(layer) && analyse(lowering, layer, taps, packOfTaps(layer.window)) !== null;
  },
  call: (lowering, layer) => {
    const w = layer.window;
    const analysis = required(analyse(lowering, layer, taps, packOfTaps(w)));
    const [lines, length] = [Math.min(w.kernel_h, w.kernel_w), Math.max(w.kernel_h, w.kernel_w)];
    const pairs = Math.ceil(length / 2);
    const words = 2 * lines * (2 * pairs + 1) + planeWords(w) + 1;
    call(lowering, layer, analysis, 'dnnrt_depthwise2d_taps_s8_swar', words, {
      lines: lines * modesOf(analysis),
      pairs,
    });
  },
};
