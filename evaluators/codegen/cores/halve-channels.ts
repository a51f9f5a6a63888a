/**
 * Halves of a convolution for cores without SIMD: each computes some channels of every pixel, so that weights are unpacked once in all and the
 * input twice.
 */
import type { TypedArray } from '../../ir/dtype.ts';
import { windowOf } from '../patches/row-operation.ts';
import { numberOf } from '../predict/field-values.ts';
import type { Step } from '../program.ts';
import { requantizePart } from './halve-outputs.ts';
import {
  apart,
  constantPart,
  cuts,
  type Fields,
  type Halves,
  isConstant,
  moved,
  type Surroundings,
  withFields,
} from './halves.ts';

export function byChannels(step: Step, around: Surroundings): Halves[] {
  if (!isConstant(step.params?.fields['weights'])) return [];
  const form = CONVOLUTIONS[step.kernel];
  if (form !== undefined) return convolution(step, around, form);
  return DEPTHWISE.has(step.kernel) ? depthwise(step, around) : [];
}

const DEPTHWISE: ReadonlySet<string> = new Set(['dnnrt_depthwise2d_s8_swar', 'dnnrt_depthwise2d_taps_s8_swar']);

/** How a kernel stores what it needs of a channel, in words; `quads` as the call counts them. */
interface Form {
  /** Channels at a time. */
  readonly block: number;
  /** Of the table, for a block; the sum of the inputs counts in each channel apart. */
  readonly tableWords: number;
  readonly weightWords: (quads: number) => number;
  /** Unpacked weights and sums. */
  readonly workingWords: (quads: number) => number;
}

const CONVOLUTIONS: Readonly<Record<string, Form>> = {
  dnnrt_conv2d_s8_swar: { block: 2, tableWords: 7, weightWords: (quads) => quads, workingWords: (quads) => 2 * quads },
  dnnrt_conv2d_s4_swar: {
    block: 4,
    tableWords: 12,
    weightWords: (quads) => quads / 2,
    workingWords: (quads) => 2 * quads,
  },
  dnnrt_conv2d_s4_pairs_swar: {
    block: 4,
    tableWords: 12,
    weightWords: (quads) => (3 * quads) / 4,
    workingWords: (quads) => 4 * quads + 2,
  },
};
/** Bit of the mode: quads may be summed whole. */
const WHOLE_QUADS = 4;

function convolution(step: Step, around: Surroundings, form: Form): Halves[] {
  const { block } = form;
  const fields = step.params?.fields ?? {};
  const [channels, chunk] = [numberOf(fields, 'out_c'), numberOf(fields, 'chunk')];
  const quads = step.counts?.['quads'] ?? 0;
  const perChannel = form.weightWords(quads);
  const words = form.tableWords + numberOf(fields, 'field_sum') * block;
  const table = dataOf(fields, 'table', around);
  return cuts(channels, 4).flatMap((cut) => {
    const part = (from: number, to: number): Step => {
      const blocks = Math.ceil((to - from) / block);
      const first = from / block;
      const modes = Array.from({ length: blocks }, (_, i) => Number(table[(first + i) * words]) & WHOLE_QUADS);
      const quadBlocks = modes.filter((mode) => mode !== 0).length;
      const counted = block === 4 ? { fourBlocks: blocks } : { quadBlocks, pairBlocks: blocks - quadBlocks };
      const half = withFields(step, {
        ...fields,
        out_c: to - from,
        chunk: Math.min(chunk, blocks * block),
        weights: constantPart(fields['weights'], from * perChannel, blocks * block * perChannel),
        table: constantPart(fields['table'], first * words, blocks * words),
        requantize: requantizePart(fields, from, to),
      });
      return moved({ ...half, counts: { ...step.counts, ...counted } }, new Map([[1, from]]));
    };
    // Weights of a chunk as words, then one pixel of the result.
    const most = Math.min(chunk, Math.ceil(Math.max(cut, channels - cut) / block) * block);
    const moreBytes = 4 * (form.workingWords(quads) * (most - chunk) + Math.ceil(most / 4) - Math.ceil(chunk / 4));
    return apart([part(0, cut), part(cut, channels)], around, { shared: [0, 1], moreBytes });
  });
}

function depthwise(step: Step, around: Surroundings): Halves[] {
  const fields = step.params?.fields ?? {};
  const w = windowOf(step);
  const channels = numberOf(fields, 'channels');
  if (w === undefined) return [];
  const table = dataOf(fields, 'table', around);
  const passes = Array.from({ length: channels }, (_, c) => Number(table[3 * c + 2]) >> 8);
  const inTaps = step.kernel === 'dnnrt_depthwise2d_taps_s8_swar';
  const sum = (from: number, to: number) => passes.slice(from, to).reduce((total, each) => total + each, 0);
  const weights = (to: number) => w.kernel_h * w.kernel_w * (inTaps ? sum(0, to) : to);
  return cuts(channels, 1).flatMap((cut) => {
    const part = (from: number, to: number): Step => {
      const half = withFields(step, {
        ...fields,
        channels: to - from,
        weights: constantPart(fields['weights'], weights(from), weights(to) - weights(from)),
        table: constantPart(fields['table'], 3 * from, 3 * (to - from)),
        requantize: requantizePart(fields, from, to),
      });
      const ways = inTaps ? { lines: Math.min(w.kernel_h, w.kernel_w) * sum(from, to) } : { split: sum(from, to) };
      return moved(
        { ...half, counts: { ...step.counts, ...ways } },
        new Map([
          [0, from],
          [1, from],
        ]),
      );
    };
    return apart([part(0, cut), part(cut, channels)], around, { shared: [0, 1], anyByte: true });
  });
}

function dataOf(fields: Fields, name: string, { constants }: Surroundings): TypedArray {
  const value = fields[name];
  const constant =
    value !== null && typeof value === 'object' && 'constant' in value ? constants.get(value.constant) : undefined;
  if (constant === undefined) throw new Error(`${name} is no constant`);
  return constant.data();
}
