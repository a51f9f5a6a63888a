/**
 * The size below which no plan can get: the largest sum of the sizes of buffers that are alive together. It is attained at
 * the start of some lifetime, so only those moments are looked at: O(n log n).
 */
import type { PlannedBuffer } from './buffer.ts';

export interface LowerBound {
  readonly bytes: number;
  /** A moment at which the bound is attained: the buffers alive then are the certificate. */
  readonly moment: number;
}

export function lowerBound(buffers: readonly PlannedBuffer[]): LowerBound {
  const events = buffers.flatMap((buffer) => [
    { at: buffer.lower, change: buffer.sizeBytes },
    { at: buffer.upper, change: -buffer.sizeBytes },
  ]);
  // Ends come before starts of the same moment: lifetimes are half-open.
  events.sort((a, b) => a.at - b.at || a.change - b.change);
  let alive = 0;
  let bytes = 0;
  let moment = 0;
  for (const event of events) {
    alive += event.change;
    if (alive > bytes) {
      bytes = alive;
      moment = event.at;
    }
  }
  return { bytes, moment };
}
