/**
 * Weights and tables for the kernels that multiply packed pairs in 32-bit words (runtime-c/src/dnnrt_swar.h), and the proofs
 * that their arithmetic is exact for these weights: sums of products stay within half a word, factors are fine enough.
 */

/** What a channel needs for exact results in integers: round(sum · M) from (sum · factor / 2^8) >> shift, in 2^-16. */
export interface ChannelFactor {
  /** What Σ x·w is added to. */
  readonly start: number;
  readonly factor: number;
  readonly shift: number;
}

/** Weights in the order of the reference kernel. */
export interface SwarWeights {
  readonly channels: number;
  /** Weights of one channel. */
  readonly length: number;
  readonly stored: Int8Array;
}

/** Bounds of x·w for x in -128…127. */
function highest(w: number): number {
  return w > 0 ? 127 * w : -128 * w;
}

function lowest(w: number): number {
  return w > 0 ? -128 * w : 127 * w;
}

/** Whether Σ x·w over any inputs fits in half a word. */
export function fitsHalfWord(weights: readonly number[]): boolean {
  let high = 0;
  let low = 0;
  for (const w of weights) {
    high += highest(w);
    low += lowest(w);
  }
  // -2^15 itself would overflow the word when the lower half borrows.
  return high <= 32767 && low > -32768;
}

/** Smallest and largest Σ x·w over all inputs. */
export function rangeOfSum(weights: Int8Array | Int16Array): { readonly low: number; readonly high: number } {
  let high = 0;
  let low = 0;
  for (const w of weights) {
    high += highest(w);
    low += lowest(w);
  }
  return { low, high };
}

/** Half the width of the band around ties that is left to the exact definition, in 2^-16. */
const BAND = 256;
/** Results beyond this are saturated whatever the last bits are. */
const LARGEST_RESULT = 257;

function roundHalfEven(v: number): number {
  const whole = Math.floor(v);
  const rest = v - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + 1 : whole;
}

const CONSTANT_START = 2 ** 28;

/** For a channel whose result is always the same: a start so large that no input changes the result. */
function constantChannel(result: number, range: { readonly low: number; readonly high: number }): ChannelFactor | null {
  const factor = Math.min(LARGEST_RESULT, Math.abs(result));
  const swing = (Math.max(-range.low, range.high) * factor) / CONSTANT_START;
  return swing < 0.25 ? { start: Math.sign(result) * CONSTANT_START, factor, shift: 4 } : null;
}

/** In place of a shift: every result by the exact definition. */
const NO_FACTOR = { factor: 0, shift: 32 };

/**
 * Null when no factor is exact enough for start + Σ x·w, which must be a 32-bit number. With `orExact` only when that does not fit;
 * where no factor is exact enough, `shift` says so.
 */
export function channelFactor(
  multiplier: number,
  start: number,
  weights: Int8Array | Int16Array,
  orExact = false,
): ChannelFactor | null {
  const range = rangeOfSum(weights);
  const [low, high] = [start + range.low, start + range.high];
  if (!(multiplier >= 0 && Number.isFinite(multiplier)) || low < -(2 ** 31) || high >= 2 ** 31) return null;
  const result = (sum: number) => roundHalfEven(Math.fround(Math.fround(sum) * multiplier));
  const exact = orExact ? { start, ...NO_FACTOR } : null;
  if (result(low) === result(high)) return constantChannel(result(low), range) ?? exact;
  const fixed = fixedFactor(multiplier, Math.max(Math.abs(low), Math.abs(high)));
  return fixed === null ? exact : { start, ...fixed };
}

/** Null when no factor is exact enough for sums up to `bound`. */
function fixedFactor(multiplier: number, bound: number): { readonly factor: number; readonly shift: number } | null {
  for (let shift = 31; shift >= 0; shift--) {
    const factor = Math.round(multiplier * 2 ** (24 + shift));
    if (factor >= 2 ** 24 || (bound / 256 + 1) * factor >= 2 ** 31 - 2 ** 25) continue;
    const inBand = Math.min(bound, LARGEST_RESULT / multiplier);
    const deviation = inBand * Math.abs(factor * 2 ** (-24 - shift) - multiplier) * 65536;
    // Two truncations, and the two roundings of the float definition.
    const others = 3 + inBand * multiplier * 65536 * 2 ** -23;
    return deviation + others < BAND - 1 ? { factor, shift } : null;
  }
  return null;
}

function quad(weights: SwarWeights, channel: number, first: number): readonly [number, number, number, number] {
  const at = (i: number) =>
    channel < weights.channels && i < weights.length ? weights.stored[channel * weights.length + i] : 0;
  return [at(first), at(first + 1), at(first + 2), at(first + 3)];
}

interface SafeRuns {
  readonly pairs: boolean;
  readonly quads: boolean;
}

/** Whether pairs, and whether whole quads, of one channel may be summed in half a word. */
function safeRuns(stored: Int8Array): SafeRuns {
  let quads = true;
  for (let i = 0; i < stored.length; i += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = stored.subarray(i, i + 4);
    if (!fitsHalfWord([a, c]) || !fitsHalfWord([b, d])) return { pairs: false, quads: false };
    quads &&= fitsHalfWord([a, b, c, d]) && fitsHalfWord([c, d]);
  }
  return { pairs: true, quads };
}

interface TiltedWeights {
  /** w - tilt. */
  readonly stored: Int8Array;
  readonly tilt: number;
  readonly quads: boolean;
}

/** Weights of a channel of -255…255 in 8 bits, less a `tilt` where they do not fit as they are; null when that does not help. */
export function tiltedWeights(weights: Int16Array, inPairs: boolean): TiltedWeights | null {
  let [low, high] = [0, 0];
  for (const w of weights) {
    low = Math.min(low, w);
    high = Math.max(high, w);
  }
  for (const tilt of [0, Math.round((low + high) / 2)]) {
    if (low - tilt < -128 || high - tilt > 127) continue;
    const stored = Int8Array.from(weights, (w) => w - tilt);
    const { pairs, quads } = safeRuns(stored);
    if (pairs || !inPairs) return { stored, tilt, quads };
  }
  return null;
}

/** A weight in two: what fits a sum of four in half a word, and what is left. */
interface SplitWeights {
  readonly fitting: SwarWeights;
  /** Per channel the count of parts as two bytes, then (step in x, part) for each; null without parts. */
  readonly parts: Int8Array | null;
}

function reduceQuad(quadOf: Int8Array): void {
  const fits = () => fitsHalfWord([...quadOf]) && fitsHalfWord([quadOf[2], quadOf[3]]);
  while (!fits()) {
    const largest = quadOf.reduce((best, w, i) => (Math.abs(w) > Math.abs(quadOf[best]) ? i : best), 0);
    const total = quadOf.reduce((sum, w) => sum + Math.abs(w), 0);
    const by = Math.min(Math.max(1, total - 255), Math.abs(quadOf[largest]));
    quadOf[largest] -= Math.sign(quadOf[largest]) * by;
  }
}

/** Splits weights so that every quad may be summed in half a word. `channels` includes padding. */
export function splitWeights(weights: SwarWeights, channels: number): SplitWeights {
  const stored = weights.stored.slice();
  const parts: number[] = [];
  let split = false;
  for (let c = 0; c < channels; c++) {
    const entries: number[] = [];
    let at = 0;
    if (c < weights.channels) {
      const own = stored.subarray(c * weights.length, (c + 1) * weights.length);
      for (let i = 0; i < own.length; i += 4) {
        const four = new Int8Array(4);
        four.set(own.subarray(i, i + 4));
        reduceQuad(four);
        for (let k = 0; k < 4 && i + k < own.length; k++) {
          const part = own[i + k] - four[k];
          if (part === 0) continue;
          for (; i + k - at > 255; at += 255) entries.push(255, 0);
          entries.push(i + k - at, part);
          at = i + k;
        }
        own.set(four.subarray(0, Math.min(4, own.length - i)), i);
      }
    }
    split ||= entries.length > 0;
    parts.push((entries.length / 2) & 255, entries.length >> 9, ...entries);
  }
  return { fitting: { ...weights, stored }, parts: split ? Int8Array.from(parts) : null };
}

/** Weights of one channel as a depthwise kernel stores them, and a number that tells it how. */
export interface PackedTaps {
  readonly weights: Int8Array;
  readonly mode: number;
}

/** Weights [3][3] of one channel as [column][row]; null where they do not fit 8 bits. */
export function packColumns(own: Int16Array): Int8Array | null {
  if (own.some((w) => w < -128 || w > 127)) return null;
  return Int8Array.from(own, (_w, at) => own[(at % 3) * 3 + Math.floor(at / 3)]);
}

/** Weights [rows][columns] along the longer side, in one or two passes that add up to them; null where two do not do. */
export function packTaps(own: Int16Array, rows: number, columns: number): PackedTaps | null {
  const length = Math.max(rows, columns);
  const along = rows >= columns ? own.map((_w, at) => own[(at % rows) * columns + Math.floor(at / rows)]) : own;
  const half = along.map((w) => Math.trunc(w / 2));
  for (const passes of [[along], [half, along.map((w, at) => w - half[at])]]) {
    if (passes.every((pass) => fitsInPairs(pass, length)))
      return { weights: Int8Array.from(passes.flatMap((pass) => [...pass])), mode: passes.length };
  }
  return null;
}

function fitsInPairs(taps: Int16Array, length: number): boolean {
  return taps.every((w, at) => {
    const next = at % length === length - 1 ? 0 : taps[at + 1];
    return w >= -128 && w <= 127 && ((at % length) % 2 === 1 || fitsHalfWord([w, next]));
  });
}

/** Whether the first two, and whether all three, weights of each kernel column may be summed in half a word. */
export function safeColumns(columns: Int8Array): { readonly pairs: boolean; readonly whole: boolean } {
  let [pairs, whole] = [true, true];
  for (let i = 0; i < 9; i += 3) {
    const [a, b, c] = columns.subarray(i, i + 3);
    pairs &&= fitsHalfWord([a, b]);
    whole &&= fitsHalfWord([a, b, c]);
  }
  return { pairs, whole };
}

/** Words [blocks of `block` channels][quads][channel of the block] of the bytes w2, w3, w0, w1; zeros beside the matrix. */
export function packQuads(weights: SwarWeights, block: number, quads: number): Int32Array {
  const blocks = Math.ceil(weights.channels / block);
  const packed = new Int8Array(blocks * quads * block * 4);
  let at = 0;
  for (let first = 0; first < weights.channels; first += block) {
    for (let i = 0; i < quads * 4; i += 4) {
      for (let c = first; c < first + block; c++) {
        const [w0, w1, w2, w3] = quad(weights, c, i);
        packed.set([w2, w3, w0, w1], at);
        at += 4;
      }
    }
  }
  return new Int32Array(packed.buffer);
}

/** Whether weights fit in 4 bits. */
export function isNibbles(stored: Int8Array): boolean {
  return stored.every((w) => w >= -8 && w <= 7);
}

/** Most quads, in equal runs, whose sums fit half a word for every channel. */
export function longestRun(weights: SwarWeights): number {
  const quads = Math.ceil(weights.length / 4);
  for (let runs = 1; ; runs++) {
    const run = Math.ceil(quads / runs);
    if (run === 1 || runsFit(weights, run)) return run;
  }
}

function runsFit(weights: SwarWeights, run: number): boolean {
  const quads = Math.ceil(weights.length / 4);
  for (let channel = 0; channel < weights.channels; channel++) {
    for (let first = 0; first < quads; first += run) {
      const whole: number[] = [];
      const lower: number[] = [];
      for (let i = first; i < Math.min(quads, first + run); i++) {
        const four = quad(weights, channel, i * 4);
        whole.push(...four);
        lower.push(four[2], four[3]);
      }
      if (!fitsHalfWord(whole) || !fitsHalfWord(lower)) return false;
    }
  }
  return true;
}

/** Words [blocks of 4 channels][quads][pairs of channels a, b] of the nibbles a2 a3 b2 b3 a0 a1 b0 b1, each w + 8. */
export function packNibbles(weights: SwarWeights): Int32Array {
  const quads = Math.ceil(weights.length / 4);
  const packed = new Int32Array(Math.ceil(weights.channels / 4) * quads * 2);
  let at = 0;
  for (let first = 0; first < weights.channels; first += 4) {
    for (let i = 0; i < quads; i++) {
      for (const a of [first, first + 2]) {
        const [a0, a1, a2, a3] = quad(weights, a, i * 4);
        const [b0, b1, b2, b3] = quad(weights, a + 1, i * 4);
        packed[at++] = [a2, a3, b2, b3, a0, a1, b0, b1].reduce((word, w, place) => word | ((w + 8) << (4 * place)), 0);
      }
    }
  }
  return packed;
}

interface KernelShape {
  readonly kernel_h: number;
  readonly kernel_w: number;
  readonly in_c: number;
}

/** Values of a kernel column, in whole quads. */
export function columnLength({ kernel_h, in_c }: KernelShape): number {
  return Math.ceil((kernel_h * in_c) / 4) * 4;
}

/** Weights [channels][kernel row][kernel column][depth] as [channels][kernel column][kernel row][depth], columns in whole quads. */
export function columnsFirst(weights: Int16Array, kernel: KernelShape): Int16Array {
  const { kernel_h: rows, kernel_w: columns, in_c: depth } = kernel;
  const pitch = columnLength(kernel);
  const length = rows * columns * depth;
  const ordered = new Int16Array((weights.length / length) * columns * pitch);
  weights.forEach((w, at) => {
    const [channel, place] = [Math.floor(at / length), at % length];
    const [tap, c] = [Math.floor(place / depth), place % depth];
    ordered[(channel * columns + (tap % columns)) * pitch + Math.floor(tap / columns) * depth + c] = w;
  });
  return ordered;
}
