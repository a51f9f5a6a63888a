/** Histograms of activations and the ranges that calibration methods choose from them. */
import type { Range } from './affine.ts';

const BINS = 2048;
/** Integer steps of an 8-bit range. */
const LEVELS = 255;
const PERCENTILE = 0.9999;

/** Counts over [min, max] widened to contain zero. */
export class Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts = new Float64Array(BINS);

  constructor(range: Range) {
    this.min = Math.min(0, range.min);
    this.max = Math.max(0, range.max);
  }

  get width(): number {
    return (this.max - this.min) / BINS;
  }

  add(data: Float32Array): void {
    const factor = this.width > 0 ? 1 / this.width : 0;
    for (let i = 0; i < data.length; i++) {
      const bin = Math.floor((data[i] - this.min) * factor);
      this.counts[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
  }

  centre(bin: number): number {
    return this.min + (bin + 0.5) * this.width;
  }
}

export function percentileRange(histogram: Histogram): Range {
  const total = histogram.counts.reduce((a, b) => a + b, 0);
  const tail = (total * (1 - PERCENTILE)) / 2;
  let [low, below] = [0, 0];
  while (low < BINS - 1 && below + histogram.counts[low] <= tail) below += histogram.counts[low++];
  let [high, above] = [BINS - 1, 0];
  while (high > low && above + histogram.counts[high] <= tail) above += histogram.counts[high--];
  return {
    min: Math.min(0, histogram.min + low * histogram.width),
    max: Math.max(0, histogram.min + (high + 1) * histogram.width),
  };
}

/** Mean squared error of rounding to 256 levels on [min, max] and clipping outside. */
function quantizationError(histogram: Histogram, { min, max }: Range): number {
  const scale = (max - min) / LEVELS;
  if (!(scale > 0)) return Number.POSITIVE_INFINITY;
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const count = histogram.counts[bin];
    if (count === 0) continue;
    const value = histogram.centre(bin);
    const clipped = Math.min(max, Math.max(min, value));
    // Inside the range the rounding error is uniform over a step.
    error += count * (value === clipped ? (scale * scale) / 12 : (value - clipped) ** 2);
  }
  return error;
}

/** Candidate ranges: both ends shrunk together. */
function* shrunk(histogram: Histogram): Generator<Range> {
  for (let step = 100; step >= 20; step--)
    yield { min: (histogram.min * step) / 100, max: (histogram.max * step) / 100 };
}

export function mseRange(histogram: Histogram): Range {
  let best: Range = { min: histogram.min, max: histogram.max };
  let least = Number.POSITIVE_INFINITY;
  for (const range of shrunk(histogram)) {
    const error = quantizationError(histogram, range);
    if (error < least) {
      least = error;
      best = range;
    }
  }
  return best;
}

/**
 * Counts without the peak at zero, which is exact on every grid: a level that holds the peak and its neighbours would look as if it smeared
 * the peak, and the narrowest range would win whatever it cuts off.
 */
function withoutZeros(histogram: Histogram): Float64Array {
  const counts = histogram.counts.slice();
  const zero = Math.min(BINS - 1, Math.floor(-histogram.min / histogram.width));
  const neighbours = [counts[zero - 1], counts[zero + 1]].filter((count) => count !== undefined);
  counts[zero] = Math.min(counts[zero], Math.max(...neighbours));
  return counts;
}

/** Relative entropy between the clipped histogram and its version of 256 levels. */
function divergence(histogram: Histogram, counts: Float64Array, { min, max }: Range): number {
  const first = Math.max(0, Math.round((min - histogram.min) / histogram.width));
  const last = Math.min(BINS, Math.round((max - histogram.min) / histogram.width));
  const bins = last - first;
  if (bins < LEVELS) return Number.POSITIVE_INFINITY;
  const reference = counts.slice(first, last);
  for (let bin = 0; bin < first; bin++) reference[0] += counts[bin];
  for (let bin = last; bin < BINS; bin++) reference[bins - 1] += counts[bin];
  const inside = counts.slice(first, last);
  const candidate = new Float64Array(bins);
  for (let level = 0; level < LEVELS + 1; level++) {
    const start = Math.floor((level * bins) / (LEVELS + 1));
    const end = Math.floor(((level + 1) * bins) / (LEVELS + 1));
    let [sum, occupied] = [0, 0];
    for (let bin = start; bin < end; bin++) {
      sum += inside[bin];
      if (reference[bin] > 0) occupied++;
    }
    for (let bin = start; bin < end; bin++) if (reference[bin] > 0) candidate[bin] = sum / occupied;
  }
  const total = reference.reduce((a, b) => a + b, 0);
  const candidateTotal = candidate.reduce((a, b) => a + b, 0);
  const SMALL = 1e-9;
  let sum = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (reference[bin] === 0) continue;
    const p = reference[bin] / total;
    sum += p * Math.log(p / Math.max(SMALL, candidate[bin] / candidateTotal));
  }
  return sum;
}

export function entropyRange(histogram: Histogram): Range {
  const counts = withoutZeros(histogram);
  let best: Range = { min: histogram.min, max: histogram.max };
  let least = Number.POSITIVE_INFINITY;
  for (const range of shrunk(histogram)) {
    const distance = divergence(histogram, counts, range);
    if (distance < least) {
      least = distance;
      best = range;
    }
  }
  return best;
}
