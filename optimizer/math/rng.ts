/**
 * Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011, section 3.3). A stream is named by a key, so that any draw can be repeated without replaying what came before.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

export interface Rng {
  /** Uniform integer in [0, 2^32). */
  nextUint32(): number;
  /** Uniform in [0, 1) with 53 random bits. */
  nextFloat(): number;
  /** Uniform integer in [0, bound), unbiased; `bound` is an integer in [1, 2^32]. */
  nextInt(bound: number): number;
  /** Standard normal. */
  nextNormal(): number;
  /** An independent stream named by `purpose`; does not advance this one. */
  fork(purpose: string): Rng;
}

/** 32-bit FNV-1a of the UTF-16 code units: names a purpose inside a key. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** Encrypts the four words of `counter` in place under the key: ten rounds of Philox 4x32. */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

class PhiloxRng implements Rng {
  readonly #key0: number;
  readonly #key1: number;
  readonly #stream0: number;
  readonly #stream1: number;
  #block = 0;
  readonly #words = new Uint32Array(4);
  #used = 4;

  constructor(key0: number, key1: number, stream0: number, stream1: number) {
    this.#key0 = key0 >>> 0;
    this.#key1 = key1 >>> 0;
    this.#stream0 = stream0 >>> 0;
    this.#stream1 = stream1 >>> 0;
  }

  #refill(): void {
    const words = this.#words;
    words[0] = this.#block;
    words[1] = Math.floor(this.#block / 0x100000000);
    words[2] = this.#stream0;
    words[3] = this.#stream1;
    philox4x32(words, this.#key0, this.#key1);
    this.#block++;
    this.#used = 0;
  }

  nextUint32(): number {
    if (this.#used === 4) this.#refill();
    return this.#words[this.#used++] ?? 0;
  }

  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  nextInt(bound: number): number {
    const limit = 0x100000000 - (0x100000000 % bound);
    let word = this.nextUint32();
    while (word >= limit) word = this.nextUint32();
    return word % bound;
  }

  nextNormal(): number {
    // Marsaglia's polar method, second value discarded: each draw stands alone, so a stream has no hidden half.
    for (;;) {
      const u = 2 * this.nextFloat() - 1;
      const v = 2 * this.nextFloat() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
    }
  }

  fork(purpose: string): Rng {
    const hash = hashText(purpose);
    const mixed = new PhiloxRng(
      this.#key0,
      this.#key1,
      this.#stream0 ^ hash,
      Math.imul(this.#stream1 ^ 0x85ebca6b, 0x01000193) ^ hash,
    );
    return new PhiloxRng(this.#key0, this.#key1, mixed.nextUint32(), mixed.nextUint32());
  }
}

/**
 * The stream of (seed, index, purpose), for example (study seed, trial number, 'suggest'). `seed` is any safe integer ≥ 0,
 * `index` any integer in [0, 2^32).
 */
export function createRng(seed: number, index = 0, purpose = ''): Rng {
  const root = new PhiloxRng(seed >>> 0, Math.floor(seed / 0x100000000) >>> 0, index >>> 0, 0);
  return purpose === '' ? root : root.fork(purpose);
}
