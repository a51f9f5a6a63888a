/**
 * Weights for the kernels with dual 16-bit multiply-accumulate (runtime-c, dnnrt_*_s8_dsp.c), as int32 words. Two output channels a, b lie
 * side by side, so that sign-extending bytes 0, 2 and bytes 1, 3 of a word gives two weights of each. The values of a channel are
 * taken in quads v0..v3, which become the words a0 b0 a2 b2 and a1 b1 a3 b3.
 */

/** Four bytes, the first lowest. */
function word(b0: number, b1: number, b2: number, b3: number): number {
  return (b0 & 255) | ((b1 & 255) << 8) | ((b2 & 255) << 16) | (b3 << 24);
}

/** Entry of [channels][length], 0 outside. */
function reader(weights: Int8Array, channels: number, length: number): (channel: number, i: number) => number {
  return (channel, i) => (channel < channels && i < length ? weights[channel * length + i] : 0);
}

/** Words of a channel pair's weights. */
export function pairWords(length: number): number {
  return Math.ceil(length / 4) * 2;
}

/** [channel pair][quad][word] of weights [channels][length]; an odd last channel is paired with zeros. */
export function packPairs(weights: Int8Array, channels: number, length: number): Int32Array {
  const packed = new Int32Array(Math.ceil(channels / 2) * pairWords(length));
  const at = reader(weights, channels, length);
  let place = 0;
  for (let a = 0; a < channels; a += 2) {
    for (let quad = 0; quad < length; quad += 4) {
      for (const i of [quad, quad + 1]) packed[place++] = word(at(a, i), at(a + 1, i), at(a, i + 2), at(a + 1, i + 2));
    }
  }
  return packed;
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
          packed[place++] = word(at(a, i), at(a + 1, i), at(a, i + 2), at(a + 1, i + 2));
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
    const pair = (low: number, high: number) => (low & 0xffff) | (high << 16);
    packed.set(
      [
        pair(tap(0, 0), tap(0, 2)),
        pair(tap(1, 0), tap(1, 2)),
        pair(tap(2, 0), tap(2, 2)),
        pair(tap(0, 1), tap(1, 1)),
        pair(tap(2, 1), 0),
      ],
      c * TAP_WORDS,
    );
  }
  return packed;
}
