/**
 * Weights for the kernels with dual 16-bit multiply-accumulate (runtime-c, dnnrt_dsp.h), as int32 words. Weights of two output channels
 * a, b share an int16: 256 · b + a, or with `offset` 256 · b + (a + 128), which holds every pair. The values of a channel are taken
 * in quads v0..v3, whose halves make the words (v0, v2) and (v1, v3); what fills up a quad is 0.
 */

/** Two int16 halves, the first low. */
function halves(low: number, high: number): number {
  return (low & 0xffff) | (high << 16);
}

/** Longest sum of which no weights can make Σ 256 · b · x wrap: 511 · 128 · 128 < 2²³. */
const SAFE_LENGTH = 511;

/** Whether Σ |w| · 128 < 2²³ for every channel of weights [channels][length], so that the sum of a channel can be taken out of a pair's. */
export function canShareSums(weights: () => Int8Array, channels: number, length: number): boolean {
  if (length <= SAFE_LENGTH) return true;
  const values = weights();
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = c * length; i < (c + 1) * length; i++) sum += Math.abs(values[i]);
    if (sum >= 65536) return false;
  }
  return true;
}

/** Words of one channel pair for a run of values. */
export function pairWords(run: number): number {
  return Math.ceil(run / 4) * 2;
}

export interface PairedWeights {
  /** [channels][rows][run]. */
  readonly values: Int8Array;
  readonly channels: number;
  readonly rows: number;
  readonly run: number;
  readonly offset: boolean;
}

/** The int16 of the channels a, a + 1 at place i of a row. */
function pairAt({ values, channels, rows, run, offset }: PairedWeights, a: number, row: number, i: number): number {
  if (i >= run || a >= channels) return 0;
  const at = (channel: number) => (channel < channels ? values[(channel * rows + row) * run + i] : 0);
  return 256 * at(a + 1) + at(a) + (offset ? 128 : 0);
}

/** [channel pair][row][quad][word]; an odd last channel is paired with zeros. */
export function packPairs(weights: PairedWeights): Int32Array {
  const { channels, rows, run } = weights;
  const packed = new Int32Array(Math.ceil(channels / 2) * rows * pairWords(run));
  let place = 0;
  for (let a = 0; a < channels; a += 2) {
    for (let row = 0; row < rows; row++) {
      for (let quad = 0; quad < run; quad += 4) {
        for (const i of [quad, quad + 1]) {
          packed[place++] = halves(pairAt(weights, a, row, i), pairAt(weights, a, row, i + 2));
        }
      }
    }
  }
  return packed;
}

/** Outputs of one block of the fully connected kernel. */
export const BLOCK = 8;

/** [block of 8 channels][quad][word][channel pair], of one row. */
export function packBlocks(weights: PairedWeights): Int32Array {
  const { channels, run } = weights;
  const blocks = Math.ceil(channels / BLOCK);
  const packed = new Int32Array(blocks * (BLOCK / 2) * pairWords(run));
  let place = 0;
  for (let first = 0; first < channels; first += BLOCK) {
    for (let quad = 0; quad < run; quad += 4) {
      for (const i of [quad, quad + 1]) {
        for (let a = first; a < first + BLOCK; a += 2) {
          packed[place++] = halves(pairAt(weights, a, 0, i), pairAt(weights, a, 0, i + 2));
        }
      }
    }
  }
  return packed;
}

/** Words of one channel of a 3×3 depthwise kernel. */
export const TAP_WORDS = 5;

/**
 * Per channel the int16 pairs (w00, w02), (w10, w12), (w20, w22), (w01, w11), (w21, 0) of weights [3][3][channels] less their zero
 * points; `transposed`: rows and columns change places.
 */
export function packTaps(
  weights: Int8Array,
  channels: number,
  zeroOf: (channel: number) => number,
  transposed: boolean,
): Int32Array {
  const packed = new Int32Array(channels * TAP_WORDS);
  for (let c = 0; c < channels; c++) {
    const zero = zeroOf(c);
    const tap = (row: number, column: number) =>
      weights[(transposed ? column * 3 + row : row * 3 + column) * channels + c] - zero;
    packed.set(
      [
        halves(tap(0, 0), tap(0, 2)),
        halves(tap(1, 0), tap(1, 2)),
        halves(tap(2, 0), tap(2, 2)),
        halves(tap(0, 1), tap(1, 1)),
        halves(tap(2, 1), 0),
      ],
      c * TAP_WORDS,
    );
  }
  return packed;
}
