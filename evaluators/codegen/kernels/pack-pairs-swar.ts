/**
 * Weights of 4 bits for the kernel that computes two neighbouring pixels at once (runtime-c/src/swar/dnnrt_swar_pair4.c): kernels of three
 * columns, of `places` = rows · depth weights each, in the order [channels][column][row][depth].
 */
import { fitsHalfWord, type SwarWeights } from './pack-weights-swar.ts';

/** Per channel and two places three bytes: the nibbles w + 8 of both in the first, the second and the third column. */
export function packPairs({ channels, length, stored }: SwarWeights): Int32Array {
  const places = length / 3;
  const bytes = new Uint8Array(Math.ceil(channels / 4) * 6 * places);
  let at = 0;
  for (let channel = 0; channel < Math.ceil(channels / 4) * 4; channel++) {
    for (let i = 0; i < places; i += 2) {
      for (let column = 0; column < 3; column++) {
        const [a, b] = [0, 1].map((k) =>
          channel < channels ? stored[channel * length + column * places + i + k] + 8 : 8,
        );
        bytes[at++] = a | (b << 4);
      }
    }
  }
  return new Int32Array(bytes.buffer);
}

/** Most twos of places, in equal runs, whose sums fit half a word for every channel. */
export function longestPairRun(weights: SwarWeights): number {
  const twos = weights.length / 6;
  for (let runs = 1; ; runs++) {
    const run = Math.ceil(twos / runs);
    if (run === 1 || runsFit(weights, run)) return run;
  }
}

/** The upper halves add up two columns, the lower halves the outer one of them. */
function runsFit({ channels, length, stored }: SwarWeights, run: number): boolean {
  const places = length / 3;
  for (let channel = 0; channel < channels; channel++) {
    const part = (column: number, first: number) => {
      const start = channel * length + column * places;
      return stored.subarray(start + first, start + Math.min(places, first + 2 * run));
    };
    for (let first = 0; first < places; first += 2 * run) {
      const middle = part(1, first);
      for (const outer of [part(0, first), part(2, first)]) {
        if (!fitsHalfWord([...outer, ...middle]) || !fitsHalfWord([...outer])) return false;
      }
    }
  }
  return true;
}
