/**
 * The smallest capacity for which a placement exists: the lower bound first (nearly always reached), then bisection between what
 * is proved impossible and what is known to work. Each probe is the complete search of canonical-search.ts.
 */
import type { PlannedBuffer } from './buffer.ts';
import { searchPlacement } from './canonical-search.ts';

export interface MinimizedPlacement {
  readonly offsets: Float64Array;
  readonly peakBytes: number;
  /** No placement at or above the bound is smaller: every smaller capacity is refuted. */
  readonly optimal: boolean;
}

/**
 * Improves on `known` (a valid placement) down to at least `boundBytes`. Returns null when nothing better was found.
 * `nodeLimit` bounds each probe, so the answer may be a better placement without the proof.
 */
export function minimizePeak(
  buffers: readonly PlannedBuffer[],
  boundBytes: number,
  knownPeakBytes: number,
  nodeLimit: number,
): MinimizedPlacement | null {
  const sized = [...buffers.keys()].filter((index) => buffers[index].sizeBytes > 0);
  const searched = sized.map((index) => buffers[index]);
  let best: MinimizedPlacement | null = null;
  let low = boundBytes;
  let high = knownPeakBytes - 1;
  let proved = true;
  let probe = low;
  while (low <= high) {
    const result = searchPlacement(searched, probe, nodeLimit);
    if (result.kind === 'found') {
      const offsets = new Float64Array(buffers.length);
      sized.forEach((index, position) => {
        offsets[index] = result.offsets[position];
      });
      const peakBytes = sized.reduce((peak, index) => Math.max(peak, offsets[index] + buffers[index].sizeBytes), 0);
      best = { offsets, peakBytes, optimal: false };
      high = peakBytes - 1;
    } else {
      proved &&= result.kind === 'infeasible';
      low = probe + 1;
    }
    probe = Math.floor((low + high) / 2);
  }
  return best === null ? null : { ...best, optimal: proved };
}
