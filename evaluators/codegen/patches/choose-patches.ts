/**
 * Which layers run in patches. Asked for by number (the first K layers in P patches), or searched: the stage around the moment that needs most
 * memory whose patches leave the smallest arena, then the next, as long as that saves anything. Of equal arenas the one that takes fewer
 * modelled cycles is taken.
 */
import type { CpuCore } from '../../board-spec.ts';
import { assignMemory, busiestMoment, memoryBound, momentsOf } from '../assign-memory.ts';
import { speedModel, stepCycles } from '../predict/speed-model.ts';
import type { Port, Step, Unplaced } from '../program.ts';
import { callKey, windowOf } from './row-operation.ts';
import { type StageSplit, splitStage, stageOf } from './split-stage.ts';

export interface PatchRequest {
  /** The first layers of the network, layers without calls included. */
  readonly layers: number;
  readonly patches: number;
  /** Rows that two patches need are kept (default), or computed again. */
  readonly keepsRows?: boolean;
}

/** What a search may do. */
export interface PatchSearch {
  /** Modelled cycles of all kernels, relative to those without patches. */
  readonly mostCycles: number;
  /** An arena that is small enough: then the fastest of such is taken. 0 when absent. */
  readonly enoughBytes?: number;
  /** Share of the arena that must be saved for patches to be worth it; any when absent. */
  readonly leastSaved?: number;
}

export type PatchOption = 'none' | PatchRequest | PatchSearch;

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly core: CpuCore;
}

export interface PatchCandidate {
  readonly layers: number;
  readonly patches: number;
  readonly keepsRows: boolean;
  readonly arenaBytes: number;
  /** MACs that are computed again. */
  readonly extraMacs: number;
  /** Modelled cycles of the kernels. */
  readonly cycles: number;
}

/** Most layers in a stage, stages in a network, stages of a round that are timed, and those whose plans are compared in full. */
const MOST_STEPS = 8;
const MOST_STAGES = 4;
const TIMED = 48;
const FINALISTS = 4;

/** Numbers of patches that are tried. */
const PATCHES = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/** Rows of a patch for each of them: as few as give so many patches, so that the last is as full as can be. */
function rowsToTry(height: number): number[] {
  const rows = PATCHES.filter((patches) => patches <= height).map((patches) => Math.ceil(height / patches));
  return [...new Set(rows)];
}

/** Throws RangeError when the layers asked for cannot run in patches. */
export function applyPatches(network: Unplaced, ports: Ports, option: PatchOption = 'none'): Unplaced {
  if (option === 'none') return network;
  if ('mostCycles' in option) return searchPatches(network, ports, option);
  const { layers, patches, keepsRows = true } = option;
  const end = network.steps.filter(({ layer }) => layer < layers).length;
  const first = firstWindow(network);
  const stage = stageOf(network, [...ports.inputs, ...ports.outputs], first, end);
  const height = stage?.heights.get(stage.output) ?? 0;
  const rows = Math.ceil(height / patches);
  const split = stage === undefined ? undefined : splitStage(network, stage, { first, end, rows, keepsRows });
  if (split !== undefined) return split;
  throw new RangeError(
    stage === undefined
      ? `the first ${layers} layers cannot run in patches: all of them must work row by row, and only the last may be read behind them`
      : `the first ${layers} layers, whose result has ${height} rows, cannot run in ${patches} patches`,
  );
}

/** The network without patches, then its first layers in patches: every stage and number of patches that can be had. */
export function patchCandidates(network: Unplaced, ports: Ports): PatchCandidate[] {
  const cyclesOf = cycleCounter(ports.core);
  const whole = {
    layers: 0,
    patches: 1,
    keepsRows: true,
    arenaBytes: assignMemory(network, ports.inputs, ports.outputs).arenaBytes,
    extraMacs: 0,
    cycles: cyclesOf(network),
  };
  const found: PatchCandidate[] = [whole];
  const all = [...ports.inputs, ...ports.outputs];
  const first = firstWindow(network);
  for (let end = first + 1; end <= Math.min(first + MOST_STEPS, network.steps.length); end++) {
    if (network.steps[end]?.layer === network.steps[end - 1].layer) continue;
    const stage = stageOf(network, all, first, end);
    if (stage === undefined) continue;
    const height = stage.heights.get(stage.output) ?? 0;
    for (const rows of rowsToTry(height)) {
      for (const keepsRows of [true, false]) {
        const split = splitStage(network, stage, { first, end, rows, keepsRows });
        if (split === undefined) continue;
        const [{ patches, extraMacs }] = split.loops;
        const { arenaBytes } = assignMemory(split, ports.inputs, ports.outputs);
        const layers = network.steps[end - 1].layer + 1;
        found.push({ layers, patches, keepsRows, arenaBytes, extraMacs, cycles: cyclesOf(split) });
      }
    }
  }
  return found;
}

/** Before the first window values are only brought into its form. */
function firstWindow({ steps }: Unplaced): number {
  return Math.max(
    0,
    steps.findIndex((step) => windowOf(step) !== undefined),
  );
}

/** Modelled cycles of networks that are the same but for their patches. */
function cycleCounter(core: CpuCore): (network: Unplaced) => number {
  const model = speedModel(core);
  const whole = new WeakMap<Step, number>();
  // Most patches of a layer make the same call at another place.
  const patched = new Map<string, number>();
  return ({ steps, buffers }) => {
    const program = { buffers: [...buffers.values()] };
    const cycles = (step: Step): number => {
      const key = step.patch === undefined ? undefined : callKey(step);
      const known = key === undefined ? whole.get(step) : patched.get(key);
      if (known !== undefined) return known;
      const counted = stepCycles(step, program, model) ?? roughCycles(step);
      if (key === undefined) whole.set(step, counted);
      else patched.set(key, counted);
      return counted;
    };
    return Math.round(steps.reduce((sum, step) => sum + cycles(step) + model.around.call, 0));
  };
}

/** Cycles of a product in a kernel without measurements. Patches of one layer compare rightly whatever it is. */
const ROUGH_CYCLES = 8;

function roughCycles(step: Step): number {
  const window = windowOf(step);
  if (window === undefined) return 0;
  const { out_h: rows, out_w: columns, kernel_h: height, kernel_w: width, in_c: depth } = window;
  const channels = step.params?.fields['out_c'];
  const filters = typeof channels === 'number' && !step.kernel.includes('depthwise') ? channels : 1;
  return ROUGH_CYCLES * rows * columns * height * width * depth * filters;
}

function searchPatches(network: Unplaced, ports: Ports, search: PatchSearch): Unplaced {
  const { mostCycles, enoughBytes = 0, leastSaved = 0 } = search;
  const { inputs, outputs, core } = ports;
  const cyclesOf = cycleCounter(core);
  const limit = mostCycles * cyclesOf(network);
  let best = network;
  const wholeBytes = assignMemory(network, inputs, outputs).arenaBytes;
  let arenaBytes = wholeBytes;
  for (let round = 0; round < MOST_STAGES && arenaBytes > enoughBytes; round++) {
    const candidates = splitsAround(best, ports)
      .map((split) => ({ split, bound: Math.max(enoughBytes, memoryBound(split, inputs, outputs)) }))
      .filter(({ bound }) => bound < arenaBytes)
      .sort((a, b) => a.bound - b.bound || a.split.steps.length - b.split.steps.length);
    const planned = candidates
      .slice(0, TIMED)
      .map((candidate) => ({ ...candidate, cycles: cyclesOf(candidate.split) }))
      .filter(({ cycles }) => cycles <= limit)
      .sort((a, b) => a.bound - b.bound || a.cycles - b.cycles)
      .slice(0, FINALISTS)
      .map((candidate) => {
        const bytes = assignMemory(candidate.split, inputs, outputs).arenaBytes;
        return { ...candidate, bytes, beyond: Math.max(enoughBytes, bytes) };
      });
    planned.sort((a, b) => a.beyond - b.beyond || a.cycles - b.cycles);
    const [first] = planned;
    if (first === undefined || first.beyond >= arenaBytes) break;
    best = first.split;
    arenaBytes = first.bytes;
  }
  return arenaBytes <= (1 - leastSaved) * wholeBytes ? best : network;
}

/** Every stage over the moment that needs most, in every number of patches. */
function splitsAround(network: Unplaced, { inputs, outputs }: Ports): Unplaced[] {
  const moments = momentsOf(network);
  const busiest = busiestMoment(network, inputs, outputs);
  const at = moments.of.indexOf(busiest);
  const found: Unplaced[] = [];
  const steps = network.steps.length;
  for (let first = Math.max(0, at - MOST_STEPS + 1); first <= at; first++) {
    for (let end = at + 1; end <= Math.min(steps, first + MOST_STEPS); end++) {
      const stage = stageOf(network, [...inputs, ...outputs], first, end);
      if (stage === undefined) continue;
      const height = stage.heights.get(stage.output) ?? 0;
      for (const rows of rowsToTry(height)) {
        for (const keepsRows of [true, false]) {
          const split: StageSplit = { first, end, rows, keepsRows };
          found.push(...[splitStage(network, stage, split)].filter((each) => each !== undefined));
        }
      }
    }
  }
  return found;
}
