/**
 * Requantization tables of the kernels for cores with dual 16-bit multiply-accumulate: for each channel an integer multiplier with the bits
 * of the float one, or the float itself with its sign set (runtime-c, dnnrt_narrow.h).
 */

import type { Lowering } from '../lowering.ts';
import type { FieldValue, ProgramConstant } from '../program.ts';
import type { IntegerConvolution, IntegerProduct } from './integer-layer.ts';
import {
  type IntegerMultiplier,
  integerMultiplier,
  type MultiplierRoom,
  type Reach,
  requantized,
} from './integer-multiplier.ts';

type Layer = IntegerConvolution | IntegerProduct;

/** M of every channel, computed when asked for. */
export type Multipliers = () => Float32Array;

function multiplierConstant(lowering: Lowering, { requantize }: Layer): ProgramConstant {
  const { multiplier } = requantize.fields;
  if (multiplier === null || typeof multiplier !== 'object' || !('constant' in multiplier)) {
    throw new Error('a layer without multipliers');
  }
  const constant = lowering.constants.get(multiplier.constant);
  if (constant === undefined) throw new Error(`constant ${multiplier.constant} was never made`);
  return constant;
}

/** Tables mark floats by their sign: scales that are negative or no numbers, which no model should have, are for other kernels. */
export function hasPlainMultipliers(lowering: Lowering, layer: Layer): boolean {
  return Array.from(multiplierConstant(lowering, layer).data(), Number).every((multiplier) => multiplier >= 0);
}

/** Takes the multipliers out of the constants, and of member `requantize`, for a kernel that has them in its table. */
export function takeMultipliers(
  lowering: Lowering,
  layer: Layer,
): { readonly multipliers: Multipliers; readonly requantize: FieldValue } {
  const { fields } = layer.requantize;
  const constant = multiplierConstant(lowering, layer);
  lowering.dropConstant(constant.id);
  const multipliers = () => {
    const values = constant.data();
    return Float32Array.from({ length: layer.channels }, (_, c) => Number(values[fields['per_channel'] === 0 ? 0 : c]));
  };
  return { multipliers, requantize: { fields: { ...fields, multiplier: null } } };
}

/** Sums of a channel whose inputs are any int8. */
export function reachOf(bias: number, weights: Iterable<number>): Reach {
  let least = bias;
  let most = bias;
  for (const weight of weights) {
    least += Math.min(-128 * weight, 127 * weight);
    most += Math.max(-128 * weight, 127 * weight);
  }
  return { least, most };
}

/** How a kernel requantizes the sums of a channel. */
export interface ChannelForm {
  readonly float: number;
  readonly bias: number;
  /** Null: only the float will do. */
  readonly integer: IntegerMultiplier | null;
  /** The result is the same for all inputs: weights are of no account, and the bias is one that gives it. */
  readonly constant: boolean;
}

/** One entry a channel; there is an integer only where sums times 2^8 are an int32. */
function channelForms(
  floats: Float32Array,
  layer: Layer,
  bias: Int32Array,
  reach: (channel: number) => Reach,
  room: (channel: number) => MultiplierRoom,
): ChannelForm[] {
  const fields = layer.requantize.fields;
  const limits = { zero: Number(fields['y_zero']), lo: Number(fields['lo']), hi: Number(fields['hi']) };
  return Array.from(floats, (float, c) => {
    const requantization = { multiplier: float, ...limits };
    const sums = reach(c);
    const result = requantized(sums.least, requantization);
    if (result === requantized(sums.most, requantization)) {
      const { fractionBits, leastShift: s } = room(c);
      const integer = { m: CONSTANT_MULTIPLIER, s, d: 0 };
      const unit = 2 ** (32 + fractionBits - s) / CONSTANT_MULTIPLIER;
      return { float, bias: (result - limits.zero) * unit, integer, constant: true };
    }
    const fits = Math.max(-sums.least, sums.most) < 2 ** 23;
    const integer = fits ? integerMultiplier(requantization, sums, room(c)) : null;
    return { float, bias: bias[c], integer, constant: false };
  });
}

const CONSTANT_MULTIPLIER = 2 ** 30;

/** The word that stands for a float multiplier. */
function negatedBits(value: number): number {
  return new Int32Array(Float32Array.of(-value).buffer)[0];
}

const PLAIN_ROOM: MultiplierRoom = { fractionBits: 5, leastShift: 0, mostShift: 0 };

/** The second sum of a pair that shares int16s comes 256 times as large. */
const SECOND_ROOM: MultiplierRoom = { fractionBits: 13, leastShift: 8, mostShift: 8 };

/** What stands beside an odd last channel computes 0. */
const NONE: ChannelForm = { float: 0, bias: 0, integer: { m: 1, s: 0, d: 0 }, constant: true };

export interface PairEnds {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

/** Both forms of the convolution in tiles (runtime-c, dnnrt_pairs_dsp.h). */
export type PairStorage = 'sharedInt16' | 'int16';

/** Words of one pair of channels beside its weights. */
export const PAIR_WORDS: { readonly [S in PairStorage]: number } = { sharedInt16: 5, int16: 4 };

type Ends = (a: ChannelForm, b: ChannelForm) => PairEnds;

function multiplierWord({ integer, float }: ChannelForm): number {
  return integer?.m ?? negatedBits(float);
}

const ENDS: { readonly [S in PairStorage]: Ends } = {
  sharedInt16: (a, b) => {
    const behind = [multiplierWord(a), multiplierWord(b)];
    return b.integer === null
      ? { before: [a.bias, a.bias], behind: [...behind, b.bias] }
      : { before: [a.bias, a.bias + 256 * b.bias + b.integer.d], behind: [...behind, 0] };
  },
  int16: (a, b) => ({ before: [a.bias, b.bias], behind: [multiplierWord(a), multiplierWord(b)] }),
};

/** Words before and behind the weights of each pair of channels a, b, and those weights: [channels][length], less their zero points. */
export function pairTable<W extends Int8Array | Int16Array>(
  floats: Float32Array,
  layer: IntegerConvolution,
  weights: W,
  bias: Int32Array,
  storage: PairStorage,
): { readonly ends: readonly PairEnds[]; readonly weights: W } {
  const { channels, length } = layer;
  const reach = (c: number) => reachOf(bias[c], weights.subarray(c * length, (c + 1) * length));
  const forms = channelForms(floats, layer, bias, reach, (c) =>
    storage === 'sharedInt16' && c % 2 === 1 ? SECOND_ROOM : PLAIN_ROOM,
  );
  const used = weights.slice() as W;
  const ends = Array.from({ length: Math.ceil(channels / 2) }, (_, pair): PairEnds => {
    return ENDS[storage](forms[2 * pair], forms[2 * pair + 1] ?? NONE);
  });
  forms.forEach(({ constant }, c) => {
    if (constant) used.fill(0, c * length, (c + 1) * length);
  });
  return { ends, weights: used };
}

/** Words of one channel of a kernel that stores its weights times 2^s. */
export const CHANNEL_WORDS = 2;

/** [channel][word] and the factors of the weights; `weights`: those of a channel less their zero point. */
export function scaledTable(
  floats: Float32Array,
  layer: IntegerConvolution,
  weights: (channel: number) => ArrayLike<number>,
  bias: Int32Array,
): { readonly table: Int32Array; readonly factors: Int32Array } {
  const reach = (c: number) => reachOf(bias[c], Array.from(weights(c)));
  const room = (c: number): MultiplierRoom => {
    const largest = Math.max(128, ...Array.from(weights(c), Math.abs));
    return { fractionBits: 8, leastShift: 0, mostShift: Math.floor(Math.log2(32768 / largest)) };
  };
  const forms = channelForms(floats, layer, bias, reach, room);
  const factors = Int32Array.from(forms, ({ integer, constant }) => (constant ? 0 : 2 ** (integer?.s ?? 0)));
  const table = new Int32Array(forms.length * CHANNEL_WORDS);
  forms.forEach((form, c) => {
    const scaled = form.constant ? form.bias : form.bias * factors[c] + (form.integer?.d ?? 0);
    table.set([scaled, multiplierWord(form)], c * CHANNEL_WORDS);
  });
  return { table, factors };
}
