/**
 * Improves a placement order: the buffers that reach the peak, or one of their neighbours, move to an earlier place in the order; a change that
 * does not raise the peak is kept. Deterministic: the choices come from a fixed linear congruential sequence.
 */
import type { PlannedBuffer } from './buffer.ts';
import { type Placement, placeInOrder } from './place.ts';

export interface ClimbResult {
  readonly placement: Placement;
  readonly attempts: number;
}

export function hillClimb(
  buffers: readonly PlannedBuffer[],
  conflicts: readonly (readonly number[])[],
  start: readonly number[],
  targetBytes: number,
  attempts: number,
): ClimbResult {
  let state = 0x2545f491;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let order = [...start];
  let best = placeInOrder(buffers, conflicts, order);
  let done = 0;
  for (; done < attempts && best.peakBytes > targetBytes; done++) {
    const next = [...order];
    moveEarlier(next, pickCulprit(buffers, conflicts, best, below), below);
    const placement = placeInOrder(buffers, conflicts, next, best.peakBytes + 1);
    if (placement.peakBytes > best.peakBytes) continue;
    order = next;
    best = placement;
  }
  return { placement: best, attempts: done };
}

function pickCulprit(
  buffers: readonly PlannedBuffer[],
  conflicts: readonly (readonly number[])[],
  placement: Placement,
  below: (limit: number) => number,
): number {
  const peak = buffers.flatMap((buffer, index) =>
    placement.offsets[index] + buffer.sizeBytes === placement.peakBytes ? [index] : [],
  );
  const culprit = peak[below(peak.length)];
  const neighbours = conflicts[culprit];
  return neighbours.length === 0 || below(2) === 0 ? culprit : neighbours[below(neighbours.length)];
}

function moveEarlier(order: number[], index: number, below: (limit: number) => number): void {
  const from = order.indexOf(index);
  order.splice(from, 1);
  order.splice(below(from + 1), 0, index);
}
