/**
 * Weights for the kernels with dual 16-bit multiply-accumulate (runtime-c, dnnrt_dsp.h), as int32 words. Weights of two output channels
 * a, b share an int16, 256 · b + a, which takes every value but b = −128 with a < 0. The values of a channel are taken in quads v0..v3,
 * whose halves make the words (v0, v2) and (v1, v3).
 */

/** Two int16 halves, the first low. */
function halves(low: number, high: number): number {
  return (low & 0xffff) | (high << 16);
}

/** Longest sum of which no weights can make (Σ 256 · b · x) wrap: 511 · 128 · 128 < 2²³. */
const SAFE_LENGTH = 511;

/**
 * Whether weights [channels][length] fit the packing: none is −128, and Σ |w| · 128 < 2²³ for every channel.
 */
export function fitsPairs(weights: () => Int8Array, channels: number, length: number): boolean {
  const values = weights();
  if (values.includes(-128)) return false;
  if (length <= SAFE_LENGTH) return true;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = c * length; i < (c + 1) * length; i++) sum += Math.abs(values[i]);
    if (sum >= 65536) return false;
  }
  return true;
}

type Reader = (channel: number, i: number) => number;

/** Entry of [channels][length], 0 outside. */
function reader(weights: Int8Array, channels: number, length: number): Reader {
  return (channel, i) => (channel < channels && i < length ? weights[channel * length + i] : 0);
}

/** Places i and i + 2 of the channels a and a + 1. */
function pairWord(at: Reader, a: number, i: number): number {
  return halves(256 * at(a + 1, i) + at(a, i), 256 * at(a + 1, i + 2) + at(a, i + 2));
}

/** Words of a channel pair's weights. */
export function pairWords(length: number): number {
  return Math.ceil(length / 4) * 2;
}

/**
 * [channel pair][row][quad][word] of weights [channels][rows][run]; the quads of a row end with zeros, and an odd last channel is
 * paired with zeros.
 */
export function packPairs(weights: Int8Array, channels: number, rows: number, run: number): Int32Array {
  const packed = new Int32Array(Math.ceil(channels / 2) * rows * pairWords(run));
  const inRows: Reader = (channel, i) =>
    channel < channels && i % roundUp4(run) < run
      ? weights[(channel * rows + Math.floor(i / roundUp4(run))) * run + (i % roundUp4(run))]
      : 0;
  let place = 0;
  for (let a = 0; a < channels; a += 2) {
    for (let quad = 0; quad < rows * roundUp4(run); quad += 4) {
      for (const i of [quad, quad + 1]) packed[place++] = pairWord(inRows, a, i);
    }
  }
  return packed;
}

function roundUp4(n: number): number {
  return Math.ceil(n / 4) * 4;
}

/** Outputs of one block of the fully connected kernel. */
export const BLOCK = 8;

/** [block of 8 channels][quad][word][channel pair] of weights [channels][length]. */
export function packBlocks(weights: Int8Array, channels: number, length: number): Int32Array {
  const blocks = Math.ceil(channels / BLOCK);
  const packed = new Int32Array(blocks * (BLOCK / 2) * pairWords(length));
  const at = reader(weights, channels, length);
  let place = 0;
  for (let first = 0; first < blocks * BLOCK; first += BLOCK) {
    for (let quad = 0; quad < length; quad += 4) {
      for (const i of [quad, quad + 1]) {
        for (let a = first; a < first + BLOCK; a += 2) {
          packed[place++] = pairWord(at, a, i);
        }
      }
    }
  }
  return packed;
}

/** Words of one channel of a 3×3 depthwise kernel. */
export const TAP_WORDS = 5;

/** Per channel the int16 pairs (w00, w02), (w10, w12), (w20, w22), (w01, w11), (w21, 0) of weights [3][3][channels]. */
export function packTaps(weights: Int8Array, channels: number): Int32Array {
  const packed = new Int32Array(channels * TAP_WORDS);
  for (let c = 0; c < channels; c++) {
    const tap = (row: number, column: number) => weights[(row * 3 + column) * channels + c];
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
