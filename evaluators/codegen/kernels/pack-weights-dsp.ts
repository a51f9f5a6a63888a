/**
 * Weights for the kernels with dual 16-bit multiply-accumulate (runtime-c, dnnrt_dsp.h), as int32 words. Weights of two output channels
 * a, b share an int16: 256 · b + a, or with `offset` 256 · b + (a + 128), which holds every pair. The values of a channel are taken
 * in quads v0..v3, whose halves make the words (v0, v2) and (v1, v3); what fills up a quad is 0.
 */

import type { PlaneKernel } from './depthwise-planes.ts';
import type { PairEnds } from './requantize-table.ts';

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

interface RowWeights<W> {
  /** [channels][rows][run]. */
  readonly values: W;
  readonly channels: number;
  readonly rows: number;
  readonly run: number;
}

export interface PairedWeights extends RowWeights<Int8Array> {
  readonly offset: boolean;
}

/** The int16 of the channels a, a + 1 at place i of a row. */
function pairAt({ values, channels, rows, run, offset }: PairedWeights, a: number, row: number, i: number): number {
  if (i >= run || a >= channels) return 0;
  const at = (channel: number) => (channel < channels ? values[(channel * rows + row) * run + i] : 0);
  return 256 * at(a + 1) + at(a) + (offset ? 128 : 0);
}

/** First places of the words (v0, v2), (v1, v3) of the quads of all rows. */
function eachWord(rows: number, run: number, visit: (row: number, i: number) => void): void {
  for (let row = 0; row < rows; row++) {
    for (let quad = 0; quad < run; quad += 4) {
      visit(row, quad);
      visit(row, quad + 1);
    }
  }
}

/** [channel pair][row][quad][word], of each pair between its ends; an odd last channel is paired with zeros. */
export function packPairs(weights: PairedWeights, ends: readonly PairEnds[] = []): Int32Array {
  const packed: number[] = [];
  const { channels, rows, run } = weights;
  for (let a = 0; a < channels; a += 2) {
    packed.push(...(ends[a / 2]?.before ?? []));
    eachWord(rows, run, (row, i) => packed.push(halves(pairAt(weights, a, row, i), pairAt(weights, a, row, i + 2))));
    packed.push(...(ends[a / 2]?.behind ?? []));
  }
  return Int32Array.from(packed);
}

/** [channel pair][row][quad][word][channel], of each pair between its ends. */
export function packWide(
  { values, channels, rows, run }: RowWeights<Int16Array>,
  ends: readonly PairEnds[],
): Int32Array {
  const packed: number[] = [];
  const at = (c: number, row: number, i: number) => (i < run && c < channels ? values[(c * rows + row) * run + i] : 0);
  for (let a = 0; a < channels; a += 2) {
    packed.push(...ends[a / 2].before);
    eachWord(rows, run, (row, i) => {
      for (const c of [a, a + 1]) packed.push(halves(at(c, row, i), at(c, row, i + 2)));
    });
    packed.push(...ends[a / 2].behind);
  }
  return Int32Array.from(packed);
}

/** Whether the last values of 3 rows of 4 n + 1 share a quad behind them. */
export function sharesTails(rows: number, run: number): boolean {
  return rows === 3 && run % 4 === 1 && run > 4;
}

/** Weights [channels][rows][run] as one row a channel: those of each row but the last, then the last ones. */
export function withTailsBehind<W extends Int8Array | Int16Array>(values: W, rows: number, run: number): W {
  const moved = values.slice() as W;
  const length = rows * run;
  for (let i = 0; i < values.length; i++) {
    const [start, row, column] = [i - (i % length), Math.floor((i % length) / run), i % run];
    moved[start + (column === run - 1 ? rows * (run - 1) + row : row * (run - 1) + column)] = values[i];
  }
  return moved;
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
 * The int16 pairs (w00, w01), (w10, w11), (w20, w21), (w12, w02), (0, w22) of the weights [3][3] of a channel; `transposed`: rows and columns
 * change places.
 */
export function packTaps(weights: ArrayLike<number>, transposed: boolean): number[] {
  const tap = (row: number, column: number) => weights[transposed ? column * 3 + row : row * 3 + column];
  return [
    halves(tap(0, 0), tap(0, 1)),
    halves(tap(1, 0), tap(1, 1)),
    halves(tap(2, 0), tap(2, 1)),
    halves(tap(1, 2), tap(0, 2)),
    halves(0, tap(2, 2)),
  ];
}

/** Rows of a depthwise kernel as int16 pairs of neighbours, zeros between weights that lie `columnDilation` apart. */
export function packTapRows(
  weights: ArrayLike<number>,
  { rows, columns, columnDilation, turned }: Pick<PlaneKernel, 'rows' | 'columns' | 'columnDilation' | 'turned'>,
): number[] {
  const packed: number[] = [];
  const tap = (row: number, place: number) => {
    const column = place / columnDilation;
    if (!Number.isInteger(column) || column >= columns) return 0;
    return weights[turned ? column * rows + row : row * columns + column];
  };
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place <= (columns - 1) * columnDilation; place += 2)
      packed.push(halves(tap(row, place), tap(row, place + 1)));
  }
  return packed;
}
