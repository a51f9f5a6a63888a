/**
 * Sobol' sequences in Gray-code order (Bratley, Fox, ACM TOMS 14(1), 1988), 32 bits, plain or scrambled by a random lower-triangular bit
 * matrix and a digital shift per dimension (Matoušek, J. Complexity 14, 1998). Beyond the dimensions of sobol-directions.ts the
 * polynomials go on in order and the initial direction numbers are odd numbers from a fixed random stream, which keeps every
 * one-dimensional projection exact but promises nothing about planes.
 */
import { primitivePolynomials } from './primitive-polynomials.ts';
import { createRng, type Rng } from './rng.ts';
import { SOBOL_INITIAL_NUMBERS } from './sobol-directions.ts';

const BITS = 32;
const SCALE = 2 ** -BITS;

/** Directions v_1 … v_32 per dimension, left-justified in 32 bits; grown as dimensions are asked for. */
const directions: Uint32Array[] = [Uint32Array.from({ length: BITS }, (_, j) => 2 ** (BITS - 1 - j))];

function initialNumbers(dimension: number, degree: number): readonly number[] {
  const known = SOBOL_INITIAL_NUMBERS[dimension - 1];
  if (known !== undefined) return known;
  const rng = createRng(0, dimension, 'sobol initial numbers');
  return Array.from({ length: degree }, (_, i) => 2 * rng.nextInt(2 ** i) + 1);
}

function growDirections(count: number): void {
  if (directions.length >= count) return;
  // In powers of two, since finding the polynomials starts from the first each time.
  const target = Math.max(128, 2 ** Math.ceil(Math.log2(count)));
  const polynomials = primitivePolynomials(target - 1);
  for (let dimension = directions.length; dimension < target; dimension++) {
    const polynomial = polynomials[dimension - 1];
    const degree = 31 - Math.clz32(polynomial);
    const m = initialNumbers(dimension, degree);
    const v = new Uint32Array(BITS);
    for (let j = 0; j < BITS; j++) {
      if (j < degree) {
        v[j] = m[j] * 2 ** (BITS - 1 - j);
        continue;
      }
      let word = v[j - degree] ^ (v[j - degree] >>> degree);
      for (let k = 1; k < degree; k++) if ((polynomial >>> (degree - k)) & 1) word ^= v[j - k];
      v[j] = word;
    }
    directions.push(v);
  }
}

const parity = (word: number): number => {
  let p = word ^ (word >>> 16);
  p ^= p >>> 8;
  p ^= p >>> 4;
  return (0x6996 >>> (p & 15)) & 1;
};

/** Applies one random lower-triangular matrix with unit diagonal to every direction of a dimension. */
function scrambled(v: Uint32Array, rng: Rng): Uint32Array {
  // Row for output bit b (0 = most significant) sees the input bits 0 … b.
  const rows = Uint32Array.from({ length: BITS }, (_, b) => {
    const diagonal = 2 ** (BITS - 1 - b);
    const aboveMask = b === 0 ? 0 : (0xffffffff << (BITS - b)) >>> 0;
    return ((rng.nextUint32() & aboveMask) | diagonal) >>> 0;
  });
  return v.map((word) => {
    let out = 0;
    for (let b = 0; b < BITS; b++) out = (out << 1) | parity(word & rows[b]);
    return out;
  });
}

export interface SobolSequence {
  readonly dimension: number;
  /** Point `index` ≥ 0 (below 2³²) in [0, 1)^dimension; strictly inside (0, 1) when scrambled. */
  point(index: number): Float64Array;
  /** Points first … first + count − 1, row-major count × dimension; cheaper than one by one. */
  points(first: number, count: number): Float64Array;
}

/** A sequence of `dimension` coordinates; scrambled by `scramble`, plain without it. */
export function createSobol(dimension: number, scramble?: Rng): SobolSequence {
  growDirections(dimension);
  const v = directions
    .slice(0, dimension)
    .map((column) => (scramble === undefined ? column : scrambled(column, scramble)));
  const shift = Uint32Array.from({ length: dimension }, () => scramble?.nextUint32() ?? 0);
  const half = scramble === undefined ? 0 : 0.5;
  const wordsAt = (index: number): Uint32Array => {
    const words = shift.slice();
    let gray = (index ^ (index >>> 1)) >>> 0;
    for (let j = 0; gray > 0; j++, gray >>>= 1) {
      if (gray & 1) for (let d = 0; d < dimension; d++) words[d] ^= v[d][j];
    }
    return words;
  };
  const points = (first: number, count: number): Float64Array => {
    const out = new Float64Array(count * dimension);
    const words = wordsAt(first);
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < dimension; d++) out[i * dimension + d] = (words[d] + half) * SCALE;
      const lowestZero = Math.min(BITS - 1, 31 - Math.clz32(~(first + i) & (first + i + 1)));
      for (let d = 0; d < dimension; d++) words[d] ^= v[d][lowestZero];
    }
    return out;
  };
  return { dimension, points, point: (index) => points(index, 1) };
}
