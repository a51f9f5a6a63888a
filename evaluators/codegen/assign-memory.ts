/**
 * Places for the buffers of a program. A call that may write into an input it reads for the last time shares that input's
 * place or lies under it (overlap-rules.ts); what is left is planned by lifetimes. Of the plan with such overlaps and the proved one
 * without, the smaller is taken.
 */
import type { RamBank } from '../board-spec.ts';
import type { MemoryPlan, PlannedBuffer } from '../memory/buffer.ts';
import { lifetimesOf } from '../memory/lifetime.ts';
import { type AllowedOverlap, overlapNeeds } from '../memory/overlap.ts';
import { planBanks } from '../memory/plan-banks.ts';
import { planMemory } from '../memory/plan-memory.ts';
import { planOverlapping } from '../memory/plan-overlapping.ts';
import { overlapRule } from './kernels/overlap-rules.ts';
import type { Arena, PlacedBuffer, Port, ProgramBuffer, Unplaced } from './program.ts';

export interface AssignedMemory {
  readonly aliases: ReadonlyMap<string, string>;
  readonly memory: MemoryPlan;
  readonly placed: readonly PlacedBuffer[];
  readonly arenas: readonly Arena[];
  readonly arenaBytes: number;
  readonly fitsBanks: boolean;
}

interface Plan {
  readonly aliases: ReadonlyMap<string, string>;
  readonly buffers: readonly PlannedBuffer[];
  readonly overlaps: readonly AllowedOverlap[];
  readonly memory: MemoryPlan;
}

/** `banks`: parts of RAM of which each is a stretch; absent where RAM is one. */
export function assignMemory(
  network: Unplaced,
  inputs: readonly Port[],
  outputs: readonly Port[],
  banks: readonly RamBank[] = [],
): AssignedMemory {
  const apart = planApart(network, inputs, outputs);
  const under = planUnder(network, inputs, outputs);
  const single = smaller(apart, under);
  const stretches = joinBanks(banks);
  const fitsFirst = stretches.length < 2 || single.memory.peakBytes <= stretches[0].bytes;
  const inBanks = fitsFirst ? undefined : overBanks(under ?? apart, stretches);
  const { aliases, buffers, memory } = inBanks ?? single;
  const alignment = buffers.reduce((most, buffer) => Math.max(most, buffer.alignment ?? 1), 4);
  const placed = buffers.map(({ id, lower, upper }) => ({
    id,
    offset: memory.offsets.get(id) ?? 0,
    bytes: bufferOf(network, id).bytes,
    lower,
    upper,
  }));
  const whole = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const arenas = memory.banks?.map(({ name, start, usedBytes }) => arena(stretches, name, start, whole(usedBytes)));
  const only = () =>
    fitsFirst && stretches.length > 0
      ? arena(stretches, stretches[0].name, 0, whole(memory.peakBytes))
      : { name: 'arena', start: 0, bytes: whole(memory.peakBytes) };
  const used = arenas?.filter(({ bytes }) => bytes > 0) ?? [only()];
  return {
    aliases,
    memory,
    placed,
    arenas: used,
    arenaBytes: used.reduce((sum, { bytes }) => sum + bytes, 0),
    fitsBanks: fitsFirst || inBanks !== undefined,
  };
}

function arena(banks: readonly RamBank[], bank: string, start: number, bytes: number): Arena {
  const section = banks.find(({ name }) => name === bank)?.section;
  return { name: `arena_${bank}`, start, bytes, ...(section === undefined ? {} : { section }) };
}

/** Banks that go on where the one before ends are one. */
export function joinBanks(banks: readonly RamBank[]): RamBank[] {
  const joined: RamBank[] = [];
  for (const bank of banks) {
    const before = joined.at(-1);
    const isNext = before?.address !== undefined && before.address + before.bytes === bank.address;
    if (isNext) joined[joined.length - 1] = { ...before, bytes: before.bytes + bank.bytes };
    else joined.push(bank);
  }
  return joined;
}

/** Undefined when the buffers do not fit, or no way was found. */
function overBanks({ aliases, buffers, overlaps }: Plan, banks: readonly RamBank[]): Plan | undefined {
  const result = planBanks(buffers, overlaps, banks);
  return result.kind === 'planned' ? { aliases, buffers, overlaps, memory: result.plan } : undefined;
}

/** Plans apart are plans with overlaps that are not used: what is proved of the latter bounds both. */
function smaller(apart: Plan, under: Plan | undefined): Plan {
  if (under === undefined) return apart;
  const lowerBoundBytes = Math.min(apart.memory.lowerBoundBytes, under.memory.lowerBoundBytes);
  const taken = under.memory.peakBytes < apart.memory.peakBytes ? under : apart;
  const optimal = taken.memory.optimal && (taken === under || taken.memory.peakBytes === under.memory.lowerBoundBytes);
  return { ...taken, memory: { ...taken.memory, lowerBoundBytes, optimal } };
}

function planApart(network: Unplaced, inputs: readonly Port[], outputs: readonly Port[]): Plan {
  const aliases = shareInPlace(network, outputs, (older, younger) => older.bytes >= younger.bytes);
  const buffers = plannedBuffers(network, aliases, inputs, outputs);
  return { aliases, buffers, overlaps: [], memory: planMemory(buffers) };
}

/** Places are shared by buffers of one size only; smaller and larger outputs lie under their inputs. Undefined when there are none. */
function planUnder(network: Unplaced, inputs: readonly Port[], outputs: readonly Port[]): Plan | undefined {
  const aliases = shareInPlace(network, outputs, (older, younger) => older.bytes === younger.bytes);
  const buffers = plannedBuffers(network, aliases, inputs, outputs);
  const overlaps = allowedOverlaps(network, aliases, buffers);
  return overlaps.length === 0 ? undefined : { aliases, buffers, overlaps, memory: planOverlapping(buffers, overlaps) };
}

/** No plan of the network needs less: quick to tell, and mostly met. */
export function memoryBound(network: Unplaced, inputs: readonly Port[], outputs: readonly Port[]): number {
  return Math.max(...needs(network, inputs, outputs).values());
}

/** The moment that needs most, in the numbers of momentsOf. */
export function busiestMoment(network: Unplaced, inputs: readonly Port[], outputs: readonly Port[]): number {
  const [[moment]] = [...needs(network, inputs, outputs)].sort(([, a], [, b]) => b - a);
  return moment - 1;
}

function needs(network: Unplaced, inputs: readonly Port[], outputs: readonly Port[]): ReadonlyMap<number, number> {
  const aliases = shareInPlace(network, outputs, (older, younger) => older.bytes === younger.bytes);
  const buffers = plannedBuffers(network, aliases, inputs, outputs);
  return overlapNeeds(buffers, allowedOverlaps(network, aliases, buffers));
}

function bufferOf(network: Unplaced, id: string): ProgramBuffer {
  const buffer = network.buffers.get(id);
  if (buffer === undefined) throw new Error(`buffer ${id} was never declared`);
  return buffer;
}

/**
 * The moment of each step; steps beside each other have one. The body of a loop over patches counts once: what a patch needs is needed at the same moments of all of them.
 */
export function momentsOf({ steps, loops }: Unplaced): { readonly of: readonly number[]; readonly count: number } {
  const of: number[] = [];
  let count = 0;
  for (let i = 0; i < steps.length; ) {
    const loop = loops.find(({ first }) => first === i);
    if (loop === undefined && steps[i].beside === 'next') of[i++] = count;
    else if (loop === undefined) of[i++] = count++;
    else {
      for (; i < loop.end; i++) of[i] = count + (steps[i].patch?.position ?? 0);
      count += loop.positions;
    }
  }
  return { of, count };
}

function plannedBuffers(
  network: Unplaced,
  aliases: ReadonlyMap<string, string>,
  inputs: readonly Port[],
  outputs: readonly Port[],
): PlannedBuffer[] {
  const place = (id: string) => aliases.get(id) ?? id;
  const moments = momentsOf(network);
  const touched = Array.from({ length: moments.count }, () => new Set<string>());
  network.steps.forEach((step, i) => {
    for (const id of [...step.reads, ...step.writes]) touched[moments.of[i]].add(place(id));
  });
  for (const { first, positions, resident } of network.loops) {
    const start = moments.of[first] - (network.steps[first].patch?.position ?? 0);
    for (const id of resident) for (const moment of [start, start + positions - 1]) touched[moment].add(place(id));
  }
  const lifetimes = lifetimesOf(
    touched.map((ids) => ({ reads: [...ids], writes: [] })),
    inputs.map((input) => place(input.buffer)),
    outputs.map((output) => place(output.buffer)),
  );
  return [...lifetimes].map(([id, lifetime]) => {
    const { bytes, alignment } = bufferOf(network, id);
    // Every place starts at a multiple of the alignment, so what a size lacks to the next multiple is of no use to others; counted,
    // the lower bound is one that can be met.
    return { id, ...lifetime, sizeBytes: Math.ceil(bytes / alignment) * alignment, alignment };
  });
}

function allowedOverlaps(
  network: Unplaced,
  aliases: ReadonlyMap<string, string>,
  buffers: readonly PlannedBuffer[],
): AllowedOverlap[] {
  const place = (id: string) => aliases.get(id) ?? id;
  const byId = new Map(buffers.map((buffer) => [buffer.id, buffer]));
  const moments = momentsOf(network);
  const single = network.steps.flatMap((step, index): AllowedOverlap[] => {
    const [written] = step.writes;
    const [read] = step.reads;
    if (step.patch !== undefined || written === undefined || read === undefined) return [];
    // The rules rely on the order in which a kernel goes through its input: two halves at the same time have none.
    if (step.beside !== undefined) return [];
    if (place(written) === place(read)) return [];
    const [above, below] = [byId.get(place(read)), byId.get(place(written))];
    // The step is moment t + 1: the input dies in it, the output is born in it.
    const moment = moments.of[index] + 1;
    if (above?.upper !== moment + 1 || below?.lower !== moment) return [];
    const elementwise = step.inPlace.includes(read) && step.writes.length === 1;
    const rule = elementwise ? { distanceBytes: 0, multipleBytes: 1 } : overlapRule(step);
    if (rule === undefined || (elementwise && bufferOf(network, read).bytes < bufferOf(network, written).bytes))
      return [];
    return [{ below: below.id, above: above.id, ...rule }];
  });
  const patched = network.loops.flatMap(({ first, positions, overlaps }) => {
    const start = moments.of[first] - (network.steps[first].patch?.position ?? 0) + 1;
    return overlaps.flatMap((overlap): AllowedOverlap[] => {
      const [above, below] = [byId.get(place(overlap.above)), byId.get(place(overlap.below))];
      if (above === undefined || below === undefined || above === below) return [];
      if (above.upper > start + positions || below.lower < start) return [];
      return [{ ...overlap, below: below.id, above: above.id }];
    });
  });
  return [...single, ...patched];
}

/** Buffer -> the older buffer in whose place it lives, all the way to the first. */
function shareInPlace(
  network: Unplaced,
  outputs: readonly Port[],
  fits: (older: ProgramBuffer, younger: ProgramBuffer) => boolean,
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  const lastRead = new Map<string, number>();
  network.steps.forEach((step, index) => {
    for (const id of [...step.reads, ...step.writes]) lastRead.set(id, index);
  });
  for (const output of outputs) lastRead.set(output.buffer, network.steps.length);
  // All buffers in one place are dead once the youngest is written: only the youngest may be overwritten in turn.
  network.steps.forEach((step, index) => {
    const [written] = step.writes;
    if (step.patch !== undefined || step.writes.length !== 1 || aliases.has(written) || step.reads.includes(written))
      return;
    const candidate = step.inPlace.find((id) => {
      const [a, b] = [network.buffers.get(id), network.buffers.get(written)];
      if (lastRead.get(id) !== index || a === undefined || b === undefined || a.alignment < b.alignment) return false;
      // Of two halves each may write only where it has read itself: elements must not move.
      const keepsPlaces = step.beside === undefined || (a.bytes === b.bytes && a.elements === b.elements);
      return keepsPlaces && fits(a, b);
    });
    if (candidate !== undefined) aliases.set(written, aliases.get(candidate) ?? candidate);
  });
  return aliases;
}
