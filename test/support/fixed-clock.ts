/** A clock that only moves when it is told to. */
import type { Clock } from '../../src/trial/clock.ts';

export interface FixedClock extends Clock {
  advance(ms: number): void;
  /** The wall clock jumps; the monotonic one does not. */
  jump(ms: number): void;
}

export function fixedClock(start = Date.UTC(2026, 0, 1)): FixedClock {
  let wall = start;
  let monotonic = 0;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    advance: (ms) => {
      wall += ms;
      monotonic += ms;
    },
    jump: (ms) => {
      wall += ms;
    },
  };
}
