/**
 * Layers over two cores: a call is halved where the speed model says that both halves at once save time beyond handing over the work. Halves
 * hold their working memory at once, and results cannot lie under what they are made of; calls in a loop over patches stay whole.
 */
import type { BoardSpec } from '../../board-spec.ts';
import { memoryBound } from '../assign-memory.ts';
import { type SpeedModel, speedModel, stepCycles } from '../predict/speed-model.ts';
import type { Port, ProgramConstant, Step, Unplaced } from '../program.ts';
import { halvings } from './halve-step.ts';
import type { Halves, Surroundings } from './halves.ts';
import { pairCycles } from './pair-cycles.ts';

export interface CoreUse {
  readonly board: BoardSpec;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly constants: readonly ProgramConstant[];
  /** Calls are halved only where the network then needs no more memory. */
  readonly keepsMemory: boolean;
}

/** A call that gains less of its time than this stays whole. */
const LEAST_GAIN = 0.1;

/** Throws RangeError when the board has fewer cores. */
export function checkCores(board: BoardSpec, cores: number): void {
  const has = board.cores ?? 1;
  if (!Number.isInteger(cores) || cores < 1 || cores > has)
    throw new RangeError(`${board.name} has ${has} core${has === 1 ? '' : 's'}, not ${cores}`);
}

/** The network with calls halved over both cores of the board. */
export function useBothCores(network: Unplaced, use: CoreUse): Unplaced {
  const model = speedModel(use.board.core);
  const constants = new Map(use.constants.map((constant) => [constant.id, constant]));
  const chosen = new Map<Step, Halves>();
  for (const step of network.steps) {
    const halves =
      step.patch === undefined ? fastest(step, { buffers: network.buffers, constants }, use.board, model) : undefined;
    if (halves !== undefined) chosen.set(step, halves);
  }
  if (!use.keepsMemory) return withHalves(network, chosen);
  const bound = memoryBound(network, use.inputs, use.outputs);
  const kept = new Map<Step, Halves>();
  for (const [step, halves] of chosen) {
    const tried = new Map([...kept, [step, halves]]);
    if (memoryBound(withHalves(network, tried), use.inputs, use.outputs) <= bound) kept.set(step, halves);
  }
  return withHalves(network, kept);
}

/** Of ways that take about the same time the one with the least working memory is taken. */
const ABOUT = 1.02;

function fastest(step: Step, around: Surroundings, board: BoardSpec, model: SpeedModel): Halves | undefined {
  const cycles = (each: Step) => stepCycles(each, { buffers: [...around.buffers.values()] }, model);
  const whole = cycles(step);
  if (whole === undefined) return undefined;
  const ways = halvings(step, around).map((halves) => {
    const [a, b] = halves.steps.map((each) => ({ cycles: cycles(each) ?? whole, waits: 0 }));
    const bytes = halves.scratch.reduce((sum, buffer) => sum + buffer.bytes, 0);
    return { halves, bytes, both: pairCycles(a, b, board.forkJoinCycles ?? 0) };
  });
  const least = Math.min(...ways.map(({ both }) => both));
  if (!(least < (1 - LEAST_GAIN) * whole)) return undefined;
  const near = ways.filter(({ both }) => both <= ABOUT * least).sort((a, b) => a.bytes - b.bytes || a.both - b.both);
  return near[0]?.halves;
}

/** The network with these calls halved. */
export function withHalves(network: Unplaced, chosen: ReadonlyMap<Step, Halves>): Unplaced {
  const buffers = new Map(network.buffers);
  const place: number[] = [];
  const steps = network.steps.flatMap((step, index) => {
    place[index] = (place[index - 1] ?? -1) + 1 + (index > 0 && chosen.has(network.steps[index - 1]) ? 1 : 0);
    const halves = chosen.get(step);
    if (halves === undefined) return [step];
    for (const { id } of halves.scratch) buffers.delete(id.slice(0, id.lastIndexOf('_')));
    for (const buffer of halves.scratch) buffers.set(buffer.id, buffer);
    return halves.steps;
  });
  const loops = network.loops.map((loop) => {
    const first = place[loop.first];
    return { ...loop, first, end: first + loop.end - loop.first };
  });
  return { ...network, steps, buffers, loops };
}
