/**
 * The encoding of one weight tensor. `small`: among those within 3 % of the fewest bytes the one with the fewest modelled cycles; never
 * larger than the plain tensor, which stays when it is within the 3 % itself. `auto`: the same among those that keep to a limit of cycles,
 * which does not hold for weights that were made for their encoding.
 * `fast`: the fewest cycles of all that are not larger than the plain tensor. `smallest`: the fewest bytes, prefix codes included.
 */
import type { CpuCore } from '../../board-spec.ts';
import { type EncodedMatrix, encodings } from './encode-matrix.ts';
import { encodedCycles, plainCycles } from './encoding-cycles.ts';
import type { PlaceCodingName, WeightMatrix } from './weight-matrix.ts';

/** Bytes that the parameter structure of an encoded layer has more than that of a plain one. */
const STRUCTURE_BYTES = 32;

/** Shares of zeros below which no coding of places can gain: a bitmap costs one bit of each value's 8 or 32. */
const LEAST_ZEROS = { int8: 1 / 8, float32: 1 / 32 };

interface Traits {
  readonly zeros: number;
  /** False: more than 256 floats, or more than 128 bytes, are different, and no float is a half. */
  readonly compactValues: boolean;
}

/** One look at each weight: whether the slower search for encodings is worth its time. */
function traitsOf({ rows, columns, values, zeroOf }: WeightMatrix): Traits {
  const seen = new Set<number>();
  const limit = values instanceof Int8Array ? 128 : 256;
  const half = new Float16Array(1);
  let zeros = 0;
  let halves = values instanceof Float32Array;
  for (let row = 0, index = 0; row < rows; row++) {
    const zero = zeroOf(row);
    for (let column = 0; column < columns; column++, index++) {
      const value = values[index];
      if (value === zero) zeros++;
      if (seen.size <= limit) seen.add(value);
      if (halves) {
        half[0] = value;
        halves = Object.is(half[0], value);
      }
    }
  }
  return { zeros: zeros / values.length, compactValues: seen.size <= limit || halves };
}

const WITH_PLACES: readonly PlaceCodingName[] = ['bitmap', 'crs8', 'crs16', 'delta4', 'nm'];

/** The encodings that may gain anything for this matrix; with prefix codes on demand. */
export function candidateEncodings(matrix: WeightMatrix, huffman = false): EncodedMatrix[] {
  const { zeros, compactValues } = traitsOf(matrix);
  const sparse = zeros > (matrix.values instanceof Int8Array ? LEAST_ZEROS.int8 : LEAST_ZEROS.float32);
  const places: PlaceCodingName[] = [
    ...(compactValues || huffman ? (['all'] as const) : []),
    ...(sparse ? WITH_PLACES : []),
  ];
  return places.length === 0 ? [] : encodings(matrix, { places, huffman });
}

export const ENCODING_GOALS = ['auto', 'small', 'fast', 'smallest'] as const;
export type EncodingGoal = (typeof ENCODING_GOALS)[number];

/** Room for other than the smallest encodings, as a multiple of their bytes. */
const ROOM: { readonly [G in EncodingGoal]: number } = {
  auto: 1.03,
  small: 1.03,
  fast: Number.POSITIVE_INFINITY,
  smallest: 1,
};

export interface EncodingTask {
  readonly core: CpuCore;
  /** How often each weight is used. */
  readonly pixels: number;
  /** There is a kernel for the core that takes the plain weights; false when absent. */
  readonly tuned?: boolean;
  /** `auto` when absent. */
  readonly goal?: EncodingGoal;
  /** For `auto`: cycles that each byte of the plain tensor may cost at most when it is encoded; any number when absent. */
  readonly cyclesPerByte?: number;
}

/** Networks do not have such weights by chance: somebody made them for the bytes. */
function wasAskedFor({ places, values }: EncodedMatrix): boolean {
  if (places.coding !== 'all') return false;
  return values.coding === 's4' || values.coding === 'f16' || (values.table !== null && values.valueBits <= 4);
}

/** Null: the plain tensor. */
export function chooseEncoding(matrix: WeightMatrix, task: EncodingTask): EncodedMatrix | null {
  const plainBytes = Math.ceil(matrix.values.byteLength / 4) * 4;
  const bytesOf = (encoded: EncodedMatrix | null) => (encoded === null ? plainBytes : encoded.bytes + STRUCTURE_BYTES);
  const cyclesOf = (encoded: EncodedMatrix | null) =>
    encoded === null
      ? plainCycles(task.core, matrix, task.pixels, task.tuned ?? false)
      : encodedCycles(task.core, matrix, encoded, task.pixels);
  const goal = task.goal ?? 'auto';
  const room = goal === 'auto' ? (task.cyclesPerByte ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const most = cyclesOf(null) + room * plainBytes;
  const encoded = candidateEncodings(matrix, goal === 'smallest').filter(
    (each) => cyclesOf(each) <= most || wasAskedFor(each),
  );
  const all = [null, ...encoded];
  const fewest = Math.min(...all.map(bytesOf));
  const near = all.filter((encoded) => bytesOf(encoded) <= Math.min(plainBytes, fewest * ROOM[goal]));
  return near.reduce((best, encoded) => (cyclesOf(encoded) < cyclesOf(best) ? encoded : best));
}
