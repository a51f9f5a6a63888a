/** Calls of the convolution with weights of 4 bits that computes two pixels at once (Cortex-M0+): three products to a multiply. */
import type { WindowFields } from '../lower/window.ts';
import { analyse, blockTable, chunkOf, isTilted, MOST_ZEROS, STRIPS_SHARE, usesStrips } from './call-swar.ts';
import type { IntegerConvolution } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import { longestPairRun, packPairs } from './pack-pairs-swar.ts';
import { isNibbles } from './pack-weights-swar.ts';

/** Fewer output channels do not pay for the input that is unpacked for pairs. */
const LEAST_CHANNELS = 8;

/** Weights of a kernel column. */
const placesOf = (w: WindowFields) => w.kernel_h * w.in_c;

/** Words of working memory beside the weights: input of a row of output, a row of input as bytes. */
function inputWords(w: WindowFields): number {
  return placesOf(w) * w.out_w + ((w.out_w + 2) * w.in_c) / 4;
}

function isInPairs({ window: w, groups, depthwise, channels }: IntegerConvolution, ramBytes: number): boolean {
  if (depthwise || groups !== 1 || w.batch !== 1 || channels < LEAST_CHANNELS) return false;
  if (w.kernel_w !== 3 || w.stride_w !== 1 || w.dilation_w !== 1 || w.out_w % 2 !== 0 || w.in_c % 4 !== 0) return false;
  return 4 * inputWords(w) <= ramBytes * STRIPS_SHARE;
}

export const convolutionPairs4: KernelCandidate<IntegerConvolution> = {
  storesNibbles: true,
  takes: (layer, lowering) => {
    const { ramBytes } = lowering.board;
    if (!['auto', 'small', 'all'].includes(lowering.weights)) return false;
    if (!isInPairs(layer, ramBytes) || !usesStrips(layer, ramBytes)) return false;
    const analysis = analyse(lowering, layer);
    if (analysis === null || isTilted(analysis.channels) || !isNibbles(analysis.weights.stored)) return false;
    const { stored } = analysis.weights;
    return stored.filter((w) => w === 0).length <= stored.length * MOST_ZEROS;
  },
  call: (lowering, layer) => {
    const analysis = analyse(lowering, layer);
    if (analysis === null) throw new Error('the kernel does not take this layer');
    const { weights, channels } = analysis;
    const { x, y, window } = layer;
    const places = placesOf(window);
    const blocks = Math.ceil(layer.channels / 4);
    const run = longestPairRun(weights);
    const chunk = chunkOf(layer.channels, 4, 8 * places, lowering.board.ramBytes);
    // Weights of a chunk, sums of two pixels, one pixel of the result.
    const words = 2 * places * chunk + inputWords(window) + 2 * chunk + Math.ceil(chunk / 4);
    const scratch = lowering.scratch('int32_t', words);
    lowering.call({
      kernel: 'dnnrt_conv2d_s4_pairs_swar',
      params: {
        struct: 'dnnrt_conv2d_swar_t',
        fields: {
          window: { fields: window },
          out_c: layer.channels,
          chunk,
          run,
          strips: 1,
          x_zero: layer.xZero,
          field_sum: 0,
          y_step: layer.channels,
          weights: {
            constant: lowering.constant('w', 'int32_t', (blocks * 3 * places) / 2, () => packPairs(weights), 'int4'),
          },
          table: { constant: lowering.constant('t', 'int32_t', blocks * 12, () => blockTable(channels, blocks)) },
          requantize: layer.requantize,
        },
      },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
      counts: { quads: places / 2, fourBlocks: blocks, runs: 2 * Math.ceil(places / 2 / run) },
    });
  },
};
