/**
 * Places for the buffers of a program. A call that may write into an input it reads for the last time shares that input's
 * place; what is left is planned by lifetimes.
 */
import type { MemoryPlan } from '../memory/buffer.ts';
import { lifetimesOf } from '../memory/lifetime.ts';
import { planMemory } from '../memory/plan-memory.ts';
import type { Lowering } from './lowering.ts';
import type { PlacedBuffer, Port } from './program.ts';

export interface AssignedMemory {
  readonly aliases: ReadonlyMap<string, string>;
  readonly memory: MemoryPlan;
  readonly placed: readonly PlacedBuffer[];
  readonly arenaBytes: number;
}

export function assignMemory(lowering: Lowering, inputs: readonly Port[], outputs: readonly Port[]): AssignedMemory {
  const aliases = shareInPlace(lowering, outputs);
  const place = (id: string) => aliases.get(id) ?? id;
  const steps = lowering.steps.map((step) => ({ reads: step.reads.map(place), writes: step.writes.map(place) }));
  const lifetimes = lifetimesOf(
    steps,
    inputs.map((input) => place(input.buffer)),
    outputs.map((output) => place(output.buffer)),
  );
  let alignment = 4;
  const buffers = [...lifetimes].map(([id, lifetime]) => {
    const buffer = lowering.buffers.get(id);
    if (buffer === undefined) throw new Error(`buffer ${id} was never declared`);
    alignment = Math.max(alignment, buffer.alignment);
    // Every place starts at a multiple of the alignment, so what a size lacks to the next multiple is of no use to others; counted,
    // the lower bound is one that can be met.
    const sizeBytes = Math.ceil(buffer.bytes / buffer.alignment) * buffer.alignment;
    return { id, ...lifetime, sizeBytes, alignment: buffer.alignment };
  });
  const memory = planMemory(buffers);
  const placed = buffers.map(({ id, lower, upper }) => ({
    id,
    offset: memory.offsets.get(id) ?? 0,
    bytes: lowering.buffers.get(id)?.bytes ?? 0,
    lower,
    upper,
  }));
  return { aliases, memory, placed, arenaBytes: Math.ceil(memory.peakBytes / alignment) * alignment };
}

/** Buffer -> the older buffer in whose place it lives, all the way to the first. */
function shareInPlace(lowering: Lowering, outputs: readonly Port[]): ReadonlyMap<string, string> {
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
        lastRead.get(id) === index &&
        a !== undefined &&
        b !== undefined &&
        a.bytes >= b.bytes &&
        a.alignment >= b.alignment
      );
    });
    if (candidate !== undefined) aliases.set(written, aliases.get(candidate) ?? candidate);
  });
  return aliases;
}
