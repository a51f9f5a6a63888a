/**
 * Cycles of a program without running it. For every kernel and core the committed model (speed-model/<core>.json, written by
 * scripts/measure-kernel-cycles.ts) holds cycles per loop count, fitted to the virtual core with memory that never waits; a kernel that
 * was not measured is estimated from those that were, by its elements, and named in `guessed`.
 */
import { readFileSync } from 'node:fs';
import type { BoardSpec, CpuCore } from '../../board-spec.ts';
import { pairCycles } from '../cores/pair-cycles.ts';
import type { Program, Step } from '../program.ts';
import { stepWaits } from './flash-waits.ts';
import { loopCounts, loopMode } from './loop-counts.ts';
import { modelledCore } from './size-model.ts';

type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface SpeedModel {
  /** Kernel, with its mode where it has one (`name@mode`) -> loop count -> cycles. */
  readonly kernels: Weights;
  /** The same for words of data read from flash, on cores that wait for each. */
  readonly flashWords?: Weights;
  /** Cycles around the kernels: per inference, per call, per byte copied in or out. */
  readonly around: { readonly inference: number; readonly call: number; readonly portByte: number };
}

const models = new Map<string, SpeedModel>();

export function speedModel(core: CpuCore): SpeedModel {
  const name = modelledCore(core);
  const known = models.get(name);
  if (known !== undefined) return known;
  const path = new URL(`./speed-model/${name}.json`, import.meta.url);
  const model = JSON.parse(readFileSync(path, 'utf8')) as SpeedModel;
  models.set(name, model);
  return model;
}

/** Name of the kernel in the model. */
export function kernelKey(step: Step): string {
  const mode = loopMode(step);
  return mode === '' ? step.kernel : `${step.kernel}@${mode}`;
}

/** Cycles of one call; undefined when its kernel was never measured. */
export function stepCycles(step: Step, program: Pick<Program, 'buffers'>, model: SpeedModel): number | undefined {
  return weighted(step, program, model.kernels);
}

/** Words of data that one call reads from flash; undefined when its kernel was never measured. */
export function stepFlashWords(step: Step, program: Pick<Program, 'buffers'>, model: SpeedModel): number | undefined {
  return weighted(step, program, model.flashWords ?? {});
}

function weighted(step: Step, program: Pick<Program, 'buffers'>, kernels: Weights): number | undefined {
  const weights = kernels[kernelKey(step)] ?? kernels[step.kernel];
  if (weights === undefined) return undefined;
  const counts = loopCounts(step, program);
  return Object.entries(weights).reduce((sum, [name, cycles]) => sum + cycles * (counts.get(name) ?? 0), 0);
}

export interface PredictedLatency {
  /** One inference after the first, waits for flash included. */
  readonly cycles: number;
  /** Those that flash is waited for. */
  readonly waitCycles: number;
  readonly latencyUs: number;
  /** Cycles of each layer without waits, in the order of `program.layers`. */
  readonly layers: readonly number[];
  /** Kernels that were never measured; their cycles are rough. */
  readonly guessed: readonly string[];
}

/** Cycles per element touched that a kernel without measurements is given: slow rather than fast. */
const GUESSED_CYCLES = 40;

/** Modelled time of one inference of `program` on `board`, inputs copied in and outputs copied out. */
export function predictLatency(program: Program, board: BoardSpec = program.board): PredictedLatency {
  const model = speedModel(board.core);
  const layers = program.layers.map(() => 0);
  const guessed = new Set<string>();
  const elements = new Map(program.buffers.map((buffer) => [buffer.id, buffer.elements]));
  const own = program.steps.map((step) => {
    const cycles = stepCycles(step, program, model);
    if (cycles !== undefined) return cycles;
    guessed.add(step.kernel);
    return GUESSED_CYCLES * [...step.reads, ...step.writes].reduce((sum, id) => sum + (elements.get(id) ?? 0), 0);
  });
  const waits = stepWaits(program, board, (step) => stepFlashWords(step, program, model) ?? 0);
  let allWaits = 0;
  program.steps.forEach((step, i) => {
    // The second of two halves counts for both.
    if (step.beside === 'next') return;
    const both = step.beside === 'previous';
    const time = (at: number, waiting: boolean) => ({ cycles: own[at], waits: waiting ? waits[at] : 0 });
    const pair = (waiting: boolean) => pairCycles(time(i - 1, waiting), time(i, waiting), board.forkJoinCycles ?? 0);
    const cycles = both ? pair(false) : own[i];
    layers[step.layer] += cycles + model.around.call;
    allWaits += both ? pair(true) - cycles : waits[i];
  });
  const ports = [...program.inputs, ...program.outputs].reduce((sum, { bytes }) => sum + bytes, 0);
  const kernels = layers.reduce((sum, cycles) => sum + cycles, 0);
  const waitCycles = Math.round(allWaits);
  const cycles = Math.round(kernels + model.around.inference + model.around.portByte * ports) + waitCycles;
  return {
    cycles,
    waitCycles,
    latencyUs: (cycles / board.clockHz) * 1e6,
    layers: layers.map(Math.round),
    guessed: [...guessed].sort(),
  };
}
