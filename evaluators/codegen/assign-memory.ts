/**
 * Places for the buffers of a program. A call that may write into an input it reads for the last time shares that input's
 * place or lies under it (overlap-rules.ts); what is left is planned by lifetimes. Of the plan with such overlaps and the proved one
 * without, the smaller is taken.
 */
import type { MemoryPlan, PlannedBuffer } from '../memory/buffer.ts';
import { lifetimesOf } from '../memory/lifetime.ts';
import type { AllowedOverlap } from '../memory/overlap.ts';
import { planMemory } from '../memory/plan-memory.ts';
import { planOverlapping } from '../memory/plan-overlapping.ts';
import { overlapRule } from './kernels/overlap-rules.ts';
import type { Lowering } from './lowering.ts';
import type { PlacedBuffer, Port, ProgramBuffer } from './program.ts';

export interface AssignedMemory {
  readonly aliases: ReadonlyMap<string, string>;
  readonly memory: MemoryPlan;
  readonly placed: readonly PlacedBuffer[];
  readonly arenaBytes: number;
}

interface Plan {
  readonly aliases: ReadonlyMap<string, string>;
  readonly buffers: readonly PlannedBuffer[];
  readonly memory: MemoryPlan;
}

export function assignMemory(lowering: Lowering, inputs: readonly Port[], outputs: readonly Port[]): AssignedMemory {
  const apart = planApart(lowering, inputs, outputs);
  const under = planUnder(lowering, inputs, outputs);
  const { aliases, buffers, memory } = smaller(apart, under);
  const alignment = buffers.reduce((most, buffer) => Math.max(most, buffer.alignment ?? 1), 4);
  const placed = buffers.map(({ id, lower, upper }) => ({
    id,
    offset: memory.offsets.get(id) ?? 0,
    bytes: bufferOf(lowering, id).bytes,
    lower,
    upper,
  }));
  return { aliases, memory, placed, arenaBytes: Math.ceil(memory.peakBytes / alignment) * alignment };
}

/** Plans apart are plans with overlaps that are not used: what is proved of the latter bounds both. */
function smaller(apart: Plan, under: Plan | undefined): Plan {
  if (under === undefined) return apart;
  const lowerBoundBytes = Math.min(apart.memory.lowerBoundBytes, under.memory.lowerBoundBytes);
  const taken = under.memory.peakBytes < apart.memory.peakBytes ? under : apart;
  const optimal = taken.memory.optimal && (taken === under || taken.memory.peakBytes === under.memory.lowerBoundBytes);
  return { ...taken, memory: { ...taken.memory, lowerBoundBytes, optimal } };
}

function planApart(lowering: Lowering, inputs: readonly Port[], outputs: readonly Port[]): Plan {
  const aliases = shareInPlace(lowering, outputs, (older, younger) => older.bytes >= younger.bytes);
  const buffers = plannedBuffers(lowering, aliases, inputs, outputs);
  return { aliases, buffers, memory: planMemory(buffers) };
}

/** Places are shared by buffers of one size only; smaller and larger outputs lie under their inputs. Undefined when there are none. */
function planUnder(lowering: Lowering, inputs: readonly Port[], outputs: readonly Port[]): Plan | undefined {
  const aliases = shareInPlace(lowering, outputs, (older, younger) => older.bytes === younger.bytes);
  const buffers = plannedBuffers(lowering, aliases, inputs, outputs);
  const overlaps = allowedOverlaps(lowering, aliases, buffers);
  return overlaps.length === 0 ? undefined : { aliases, buffers, memory: planOverlapping(buffers, overlaps) };
}

function bufferOf(lowering: Lowering, id: string): ProgramBuffer {
  const buffer = lowering.buffers.get(id);
  if (buffer === undefined) throw new Error(`buffer ${id} was never declared`);
  return buffer;
}

function plannedBuffers(
  lowering: Lowering,
  aliases: ReadonlyMap<string, string>,
  inputs: readonly Port[],
  outputs: readonly Port[],
): PlannedBuffer[] {
  const place = (id: string) => aliases.get(id) ?? id;
  const steps = lowering.steps.map((step) => ({ reads: step.reads.map(place), writes: step.writes.map(place) }));
  const lifetimes = lifetimesOf(
    steps,
    inputs.map((input) => place(input.buffer)),
    outputs.map((output) => place(output.buffer)),
  );
  return [...lifetimes].map(([id, lifetime]) => {
    const { bytes, alignment } = bufferOf(lowering, id);
    // Every place starts at a multiple of the alignment, so what a size lacks to the next multiple is of no use to others; counted,
    // the lower bound is one that can be met.
    return { id, ...lifetime, sizeBytes: Math.ceil(bytes / alignment) * alignment, alignment };
  });
}

function allowedOverlaps(
  lowering: Lowering,
  aliases: ReadonlyMap<string, string>,
  buffers: readonly PlannedBuffer[],
): AllowedOverlap[] {
  const place = (id: string) => aliases.get(id) ?? id;
  const byId = new Map(buffers.map((buffer) => [buffer.id, buffer]));
  return lowering.steps.flatMap((step, index) => {
    const [written] = step.writes;
    const [read] = step.reads;
    if (written === undefined || read === undefined || place(written) === place(read)) return [];
    const [above, below] = [byId.get(place(read)), byId.get(place(written))];
    // The step is moment index + 1: the input dies in it, the output is born in it.
    if (above?.upper !== index + 2 || below?.lower !== index + 1) return [];
    const elementwise = step.inPlace.includes(read) && step.writes.length === 1;
    const rule = elementwise ? { distanceBytes: 0, multipleBytes: 1 } : overlapRule(step);
    if (rule === undefined || (elementwise && bufferOf(lowering, read).bytes < bufferOf(lowering, written).bytes))
      return [];
    return [{ below: below.id, above: above.id, ...rule }];
  });
}

/** Buffer -> the older buffer in whose place it lives, all the way to the first. */
function shareInPlace(
  lowering: Lowering,
  outputs: readonly Port[],
  fits: (older: ProgramBuffer, younger: ProgramBuffer) => boolean,
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  const lastRead = new Map<string, number>();
  lowering.steps.forEach((step, index) => {
    for (const id of [...step.reads, ...step.writes]) lastRead.set(id, index);
  });
  for (const output of outputs) lastRead.set(output.buffer, lowering.steps.length);
  // All buffers in one place are dead once the youngest is written: only the youngest may be overwritten in turn.
  lowering.steps.forEach((step, index) => {
    const [written] = step.writes;
    if (step.writes.length !== 1 || aliases.has(written) || step.reads.includes(written)) return;
    const candidate = step.inPlace.find((id) => {
      const [a, b] = [lowering.buffers.get(id), lowering.buffers.get(written)];
      return (
        lastRead.get(id) === index && a !== undefined && b !== undefined && fits(a, b) && a.alignment >= b.alignment
      );
    });
    if (candidate !== undefined) aliases.set(written, aliases.get(candidate) ?? candidate);
  });
  return aliases;
}
