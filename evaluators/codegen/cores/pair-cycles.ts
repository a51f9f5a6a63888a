/** Time of two calls that run at the same time on two cores behind one flash. */

export interface PartTime {
  /** Without waits for flash. */
  readonly cycles: number;
  readonly waits: number;
}

/** Both are done when the slower one is, and not before flash has served the misses of both, one after the other. */
export function pairCycles(a: PartTime, b: PartTime, forkJoinCycles: number): number {
  return Math.max(a.cycles + a.waits, b.cycles + b.waits, a.waits + b.waits) + forkJoinCycles;
}
