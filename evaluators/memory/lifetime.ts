/**
 * Lifetimes from a schedule: step t writes and reads buffers. A buffer is alive from the step that first touches it to the
 * step that last does, both included; inputs from the start, outputs to the end.
 */

export interface ScheduledStep {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface Lifetime {
  readonly lower: number;
  readonly upper: number;
}

/** Moment 0 is before the first step (inputs are filled in), step t is moment t + 1, outputs are read at the last moment. */
export function lifetimesOf(
  steps: readonly ScheduledStep[],
  inputs: readonly string[],
  outputs: readonly string[],
): ReadonlyMap<string, Lifetime> {
  const lifetimes = new Map<string, Lifetime>();
  const touch = (id: string, moment: number) => {
    const known = lifetimes.get(id);
    lifetimes.set(id, {
      lower: known === undefined ? moment : Math.min(known.lower, moment),
      upper: Math.max(known?.upper ?? 0, moment + 1),
    });
  };
  for (const id of inputs) touch(id, 0);
  steps.forEach((step, index) => {
    for (const id of [...step.reads, ...step.writes]) touch(id, index + 1);
  });
  for (const id of outputs) touch(id, steps.length + 1);
  return lifetimes;
}
