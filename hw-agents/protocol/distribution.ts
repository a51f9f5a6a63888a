/** Summary of repeated measurements: order statistics with linear interpolation between neighbours (Hyndman & Fan, type 7). */
import type { Distribution } from './messages.ts';

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** Throws RangeError on an empty list. */
export function summarize(samples: readonly number[]): Distribution {
  if (samples.length === 0) throw new RangeError('no samples to summarize');
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    n: sorted.length,
    min: quantile(sorted, 0),
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    iqr: quantile(sorted, 0.75) - quantile(sorted, 0.25),
  };
}
