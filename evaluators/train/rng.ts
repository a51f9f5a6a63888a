/**
 * Counter-based random numbers for data order and augmentation: Threefry 2x32-20 (Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011, section 3.2). The stream depends on (seed, purpose) alone.
 */

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

export interface Stream {
  /** Uniform in [0, 2^32). */
  nextUint32(): number;
  /** Uniform in [0, 1), 32 random bits. */
  nextFloat(): number;
  /** Uniform integer in [0, bound), unbiased. */
  nextInt(bound: number): number;
  nextNormal(): number;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The two words of block (counter0, counter1) under the key. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): readonly [number, number] {
  const keys = [key0, key1, PARITY ^ key0 ^ key1];
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    x0 = (x0 + x1) | 0;
    const r = ROTATIONS[round % 8];
    x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x0 = (x0 + keys[s % 3]) | 0;
      x1 = (x1 + keys[(s + 1) % 3] + s) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The stream of (seed, purpose), for example (1, 'order/epoch 3'). */
export function createStream(seed: number, purpose: string): Stream {
  const key0 = seed >>> 0;
  const key1 = hashText(purpose) ^ Math.floor(seed / 0x100000000);
  let counter = 0;
  let spare: number | undefined;
  const stream: Stream = {
    nextUint32() {
      if (spare !== undefined) {
        const word = spare;
        spare = undefined;
        return word;
      }
      const [a, b] = threefry(key0, key1 >>> 0, counter >>> 0, Math.floor(counter / 0x100000000));
      counter++;
      spare = b;
      return a;
    },
    nextFloat: () => stream.nextUint32() / 0x100000000,
    nextInt(bound) {
      const limit = 0x100000000 - (0x100000000 % bound);
      let word = stream.nextUint32();
      while (word >= limit) word = stream.nextUint32();
      return word % bound;
    },
    nextNormal() {
      const u = 1 - stream.nextFloat();
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * stream.nextFloat());
    },
  };
  return stream;
}

/** A random order of 0..count-1 (Fisher–Yates). */
export function permutation(count: number, stream: Stream): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = stream.nextInt(i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}
