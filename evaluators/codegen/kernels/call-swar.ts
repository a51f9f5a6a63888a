/**
 * Calls of the integer kernels for cores without SIMD (Cortex-M0+): weights packed for them, the zero point of the input folded
 * into the starting sums (start = b − x₀ · Σ w), integer factors instead of float multipliers, working memory sized.
 */

import type { WindowFields } from '../lower/window.ts';
import type { Lowering } from '../lowering.ts';
import { centredWeights, type IntegerConvolution, type IntegerProduct } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import {
  type ChannelFactor,
  channelFactor,
  columnLength,
  columnsFirst,
  isNibbles,
  longestRun,
  packNibbles,
  packQuads,
  type SwarWeights,
  splitWeights,
  tiltedWeights,
} from './pack-weights-swar.ts';

/** Share of the board's RAM that the strips of input may take. */
export const STRIPS_SHARE = 1 / 8;

/** Columns of input that a row of output needs. */
function stripColumns(w: WindowFields): number {
  return (w.out_w - 1) * w.stride_w + w.kernel_w;
}

/** Words of input that a row of output needs, and the bytes that they are made from where channels do not come in fours. */
export function stripWords(w: WindowFields): number {
  const values = stripColumns(w) * columnLength(w);
  return values / 2 + (w.in_c % 4 === 0 ? 0 : values / 4);
}

/** Roughly the cycles to fetch a value for strips, to fetch a quad of a single pixel's field, and to multiply a quad. */
const CYCLES = { stripValue: 13, fieldQuad: 28, field: 60, product: 9 };

/** Whether input is unpacked once for a row of output. */
export function usesStrips(layer: IntegerConvolution, ramBytes: number): boolean {
  const w = layer.window;
  if (w.dilation_w !== 1 || layer.depthwise || 4 * stripWords(w) > ramBytes * STRIPS_SHARE) return false;
  if (w.in_c % 4 === 0) return true;
  const [inStrips, inField] = [(w.kernel_w * columnLength(w)) / 4, Math.ceil((w.kernel_w * w.kernel_h * w.in_c) / 4)];
  const strips = (CYCLES.stripValue * stripColumns(w) * w.kernel_h * w.in_c) / w.out_w;
  const field = CYCLES.field + CYCLES.fieldQuad * inField;
  return strips + CYCLES.product * layer.channels * inStrips < field + CYCLES.product * layer.channels * inField;
}

interface Channel extends ChannelFactor {
  /** Whole quads may be summed in half a word. */
  readonly quads: boolean;
  /** What is taken off all weights of the channel and comes back as this many times the sum of the inputs. */
  readonly tilt: number;
}

interface Analysis {
  readonly weights: SwarWeights;
  readonly channels: readonly Channel[];
}

/** Or the channels that cannot be computed exactly. */
const analyses = new WeakMap<object, Analysis | readonly number[]>();

/** Multiplier of a channel. */
export function multipliersOf(
  lowering: Lowering,
  layer: IntegerConvolution | IntegerProduct,
): (channel: number) => number {
  const field = layer.requantize.fields['multiplier'];
  if (field === null || typeof field !== 'object' || !('constant' in field))
    throw new Error('multipliers are a constant');
  const data = lowering.constantData(field.constant);
  return (channel) => Number(data[data.length > 1 ? channel : 0]);
}

function analysed(lowering: Lowering, layer: IntegerConvolution | IntegerProduct): Analysis | readonly number[] {
  const known = analyses.get(layer) ?? computeAnalysis(lowering, layer);
  analyses.set(layer, known);
  return known;
}

/** Null when a channel cannot be computed exactly. */
export function analyse(lowering: Lowering, layer: IntegerConvolution | IntegerProduct): Analysis | null {
  const known = analysed(lowering, layer);
  return 'weights' in known ? known : null;
}

function computeAnalysis(lowering: Lowering, layer: IntegerConvolution | IntegerProduct): Analysis | readonly number[] {
  const { channels, bias, xZero } = layer;
  const isConvolution = 'window' in layer;
  const strips = isConvolution && usesStrips(layer, lowering.board.ramBytes);
  const own = strips ? columnsFirst(centredWeights(layer), layer.window) : centredWeights(layer);
  const taken = own.length / channels;
  // Whole quads, so that what is taken off all weights is also taken off the zeros behind them.
  const length = isConvolution ? Math.ceil(taken / 4) * 4 : taken;
  const stored = new Int8Array(channels * length);
  const multiplier = multipliersOf(lowering, layer);
  const made: Channel[] = [];
  const left: number[] = [];
  for (let c = 0; c < channels; c++) {
    const row = new Int16Array(length);
    row.set(own.subarray(c * taken, (c + 1) * taken));
    const start = Number(bias?.data[c] ?? 0) - xZero * row.reduce((sum, w) => sum + w, 0);
    const factor = channelFactor(multiplier(c), start, row, !isConvolution);
    const tilted = tiltedWeights(row, isConvolution);
    if (factor === null || tilted === null) {
      left.push(c);
      continue;
    }
    stored.set(tilted.stored, c * length);
    made.push({ ...factor, tilt: tilted.tilt, quads: tilted.quads });
  }
  return left.length > 0 ? left : { weights: { channels, length, stored }, channels: made };
}

const NO_CHANNEL: Channel = { factor: 0, shift: 0, start: 0, quads: true, tilt: 0 };

export const isTilted = (channels: readonly Channel[]): boolean => channels.some(({ tilt }) => tilt !== 0);

/** Per pair of channels: mode, both starts, both tilts where a channel has one, factor and shift of each. */
function pairTable(channels: readonly Channel[], quads: number): Int32Array {
  const tilted = isTilted(channels);
  const table: number[] = [];
  for (let c = 0; c < channels.length; c += 2) {
    const a = channels[c];
    const b = channels[c + 1] ?? NO_CHANNEL;
    const mode = (tilted ? 8 : 0) + (a.quads && b.quads ? 4 : 0) + (quads % 4);
    table.push(mode, a.start, b.start, ...(tilted ? [a.tilt, b.tilt] : []), a.factor, a.shift, b.factor, b.shift);
  }
  return Int32Array.from(table);
}

/** Pairs of channels whose quads may be summed whole, and the others. */
function pairWays(channels: readonly Channel[]): { quadBlocks: number; pairBlocks: number } {
  const blocks = Math.ceil(channels.length / 2);
  const quadBlocks = channels.filter(({ quads }, c) => c % 2 === 0 && quads && (channels[c + 1] ?? NO_CHANNEL).quads);
  return { quadBlocks: quadBlocks.length, pairBlocks: blocks - quadBlocks.length };
}

/** Per four channels their starts, then factor and shift of each. */
export function blockTable(channels: readonly Channel[], blocks: number): Int32Array {
  const table = new Int32Array(blocks * 12);
  for (let c = 0; c < blocks * 4; c++) {
    const { start, factor, shift } = channels[c] ?? NO_CHANNEL;
    const [block, place] = [Math.floor(c / 4) * 12, c % 4];
    table[block + place] = start;
    table.set([factor, shift], block + 4 + 2 * place);
  }
  return table;
}

/** Share of the board's RAM that unpacked weights may take. */
const SCRATCH_SHARE = 1 / 6;

/** Number of channels, whole blocks of them, whose unpacked weights fit, in equal chunks. */
export function chunkOf(channels: number, block: number, bytesPerChannel: number, ramBytes: number): number {
  const blocks = Math.ceil(channels / block);
  const most = Math.max(1, Math.floor((ramBytes * SCRATCH_SHARE) / bytesPerChannel / block));
  return Math.ceil(blocks / Math.ceil(blocks / most)) * block;
}

interface PackedConvolution {
  readonly kernel: string;
  /** Channels at a time. */
  readonly block: number;
  readonly weights: string;
  readonly table: string;
  readonly run: number;
  /** Of a channel. */
  readonly quads: number;
  readonly tilted: boolean;
  /** Blocks of channels by the way that they take. */
  readonly ways: Readonly<Record<string, number>>;
}

function callConvolution(lowering: Lowering, layer: IntegerConvolution, packed: PackedConvolution): void {
  const { x, y, channels } = layer;
  const { quads } = packed;
  const chunk = chunkOf(channels, packed.block, quads * 8, lowering.board.ramBytes);
  // Unpacked weights of a chunk; strips of input, or one field as words, as bytes and as places of these; one pixel of the result.
  const strips = usesStrips(layer, lowering.board.ramBytes);
  const input = strips ? stripWords(layer.window) : 5 * quads;
  const scratch = lowering.scratch('int32_t', 2 * quads * chunk + input + Math.ceil(chunk / 4));
  lowering.call({
    kernel: packed.kernel,
    params: {
      struct: 'dnnrt_conv2d_swar_t',
      fields: {
        window: { fields: layer.window },
        out_c: channels,
        chunk,
        run: packed.run,
        strips: strips ? 1 : 0,
        x_zero: layer.xZero,
        field_sum: packed.tilted ? 1 : 0,
        y_step: channels,
        weights: { constant: packed.weights },
        table: { constant: packed.table },
        requantize: layer.requantize,
      },
    },
    args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
    reads: lowering.reads(x),
    writes: [y.buffer, scratch],
    counts: { quads, ...packed.ways },
  });
}

function required(analysis: Analysis | null): Analysis {
  if (analysis === null) throw new Error('the kernel does not take this layer');
  return analysis;
}

const isPlain = (layer: IntegerConvolution) => layer.groups === 1 && layer.window.batch === 1;

/** Convolution without groups, of one image. */
export const convolutionSwar: KernelCandidate<IntegerConvolution> = {
  takes: (layer, lowering) => isPlain(layer) && analyse(lowering, layer) !== null,
  leaves: (layer, lowering) => {
    const known = isPlain(layer) ? analysed(lowering, layer) : [];
    const multiplier = multipliersOf(lowering, layer);
    const isPlainNumber = (c: number) => multiplier(c) >= 0 && Number.isFinite(multiplier(c));
    return 'weights' in known || !known.every(isPlainNumber) ? [] : known;
  },
  call: (lowering, layer) => {
    const { weights, channels } = required(analyse(lowering, layer));
    const quads = weights.length / 4;
    const blocks = Math.ceil(layer.channels / 2);
    const table = pairTable(channels, quads);
    callConvolution(lowering, layer, {
      kernel: 'dnnrt_conv2d_s8_swar',
      block: 2,
      weights: lowering.constant('w', 'int32_t', blocks * quads * 2, () => packQuads(weights, 2, quads)),
      table: lowering.constant('t', 'int32_t', table.length, () => table),
      run: 1,
      quads,
      tilted: isTilted(channels),
      ways: pairWays(channels),
    });
  },
};

/** More zeros than this are better stored as a sparse tensor. */
export const MOST_ZEROS = 0.5;

/** The same with weights of 4 bits, stored as such. */
export const convolutionSwar4: KernelCandidate<IntegerConvolution> = {
  storesNibbles: true,
  takes: (layer, lowering) => {
    if (!['auto', 'small', 'all'].includes(lowering.weights) || !isPlain(layer)) return false;
    const analysis = analyse(lowering, layer);
    if (analysis === null || isTilted(analysis.channels) || !isNibbles(analysis.weights.stored)) return false;
    const { stored } = analysis.weights;
    return stored.filter((w) => w === 0).length <= stored.length * MOST_ZEROS;
  },
  call: (lowering, layer) => {
    const { weights, channels } = required(analyse(lowering, layer));
    const quads = weights.length / 4;
    const blocks = Math.ceil(layer.channels / 4);
    const run = longestRun(weights);
    callConvolution(lowering, layer, {
      kernel: 'dnnrt_conv2d_s4_swar',
      block: 4,
      weights: lowering.constant('w', 'int32_t', blocks * quads * 2, () => packNibbles(weights), 'int4'),
      table: lowering.constant('t', 'int32_t', blocks * 12, () => blockTable(channels, blocks)),
      run,
      quads,
      tilted: false,
      ways: { fourBlocks: blocks, runs: Math.ceil(quads / run) },
    });
  },
};

/** Outputs that the fully connected kernel computes at once. */
const BLOCK = 4;

/** Fully connected layer. */
export const productSwar: KernelCandidate<IntegerProduct> = {
  takes: (layer, lowering) => analyse(lowering, layer) !== null,
  call: (lowering, layer) => {
    const analysis = required(analyse(lowering, layer));
    const { x, y } = layer;
    const padded = Math.ceil(layer.channels / BLOCK) * BLOCK;
    const quads = Math.ceil(layer.length / 8) * 2;
    const channel = (c: number) => analysis.channels[c] ?? NO_CHANNEL;
    const { fitting, parts } = splitWeights(analysis.weights, padded);
    const weights = lowering.constant('w', 'int32_t', padded * quads, () =>
      packQuads(fitting, BLOCK, quads).map((word) => word ^ 0x80808080),
    );
    const start = lowering.constant('b', 'int32_t', padded, () =>
      Int32Array.from({ length: padded }, (_, c) => channel(c).start),
    );
    const table = lowering.constant('t', 'int32_t', padded * 2, () =>
      Int32Array.from({ length: padded * 2 }, (_, i) => (i % 2 === 0 ? channel(i >> 1).factor : channel(i >> 1).shift)),
    );
    const spill = parts === null ? null : { constant: lowering.constant('p', 'int8_t', parts.length, () => parts) };
    const tilts = !isTilted(analysis.channels)
      ? null
      : {
          constant: lowering.constant('z', 'int8_t', padded, () =>
            Int8Array.from({ length: padded }, (_, c) => channel(c).tilt),
          ),
        };
    // Column, words and bytes of a row, sums and results of all channels.
    const scratch = lowering.scratch('int32_t', 6 * quads + padded + padded / 4);
    lowering.call({
      kernel: 'dnnrt_fc_s8_swar',
      params: {
        struct: 'dnnrt_fc_swar_t',
        fields: {
          rows: layer.rows,
          in_n: layer.length,
          out_n: layer.channels,
          weights: { constant: weights },
          parts: spill,
          row_sum: tilts,
          start: { constant: start },
          table: { constant: table },
          requantize: layer.requantize,
        },
      },
      args: [lowering.argument(x), lowering.argument(y), { kind: 'buffer', id: scratch, type: 'int32_t' }],
      reads: lowering.reads(x),
      writes: [y.buffer, scratch],
      counts: {
        parts: parts === null ? 0 : parts.length / 2 - padded,
        exact: analysis.channels.filter(({ shift }) => shift > 31).length,
      },
    });
  },
};
