/** What a memory planner places: byte ranges that must not overlap while both are alive. */

export interface PlannedBuffer {
  readonly id: string;
  /** First moment at which the buffer is alive. */
  readonly lower: number;
  /** First moment at which it is dead again: the lifetime is the half-open interval [lower, upper). */
  readonly upper: number;
  readonly sizeBytes: number;
  /** Offsets are multiples of this; a power of two, 1 when absent. */
  readonly alignment?: number;
  /** Name of the bank that it must lie in; any when absent. */
  readonly bank?: string;
}

export interface MemoryPlan {
  /** Bytes that the pool must have. */
  readonly peakBytes: number;
  /** No plan for these lifetimes can be smaller: the greatest sum of sizes alive at one moment. */
  readonly lowerBoundBytes: number;
  /** Buffer id -> offset in the pool, in bytes. */
  readonly offsets: ReadonlyMap<string, number>;
  /** True when the peak is proved minimal. */
  readonly optimal: boolean;
  /** Which rule found the plan. */
  readonly strategy: string;
  /** Present in a plan over several banks. */
  readonly banks?: readonly UsedBank[];
}

/** Part of a bank that a plan uses. Offsets of a plan over several banks count on from bank to bank. */
export interface UsedBank {
  readonly name: string;
  /** Offset of its first byte. */
  readonly start: number;
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** True when the two lifetimes share a moment. */
export function overlapInTime(a: PlannedBuffer, b: PlannedBuffer): boolean {
  return a.lower < b.upper && b.lower < a.upper;
}
