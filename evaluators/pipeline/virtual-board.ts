/**
 * A compiled network on a virtual board: the very machine code that a board would run, on a core that counts modelled cycles.
 * Outputs are exact; times carry the board's error share, because no silicon was asked. Two
 * cores count as the slower of both plus the board's cycles of handing over. Not modelled: interrupts, DMA, contention for banks of RAM.
 */
import { readElf, VirtualCore } from '@tinypareto/hw-agents/virtual';
import type { BoardSpec } from '../board-spec.ts';
import { buildArm } from '../build/build-arm.ts';
import type { Program } from '../codegen/program.ts';

export interface LayerCycles {
  /** Of the layer in the program. */
  readonly id: string;
  readonly name: string;
  readonly op: string;
  readonly kernel: string;
  readonly macs: number;
  readonly cycles: number;
  /** One of several calls that compute parts of the layer one after the other. */
  readonly inPatches: boolean;
}

export interface VirtualInference {
  /** The bytes of each output. */
  readonly outputs: readonly Uint8Array[];
  readonly cycles: number;
}

export interface VirtualRun {
  /** One for each set of inputs, after one inference that filled the caches. */
  readonly inferences: readonly VirtualInference[];
  readonly setupCycles: number;
  /** One for each call of a kernel, or for two halves at the same time, of the last inference. */
  readonly layers: readonly LayerCycles[];
  readonly stackBytes: number;
  readonly compiler: string;
}

/** The compiler for the board's core is not installed. */
export class NoVirtualBoardError extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.name = 'NoVirtualBoardError';
    this.hint = hint;
  }
}

const FLASH_BASE = 0x10000000;
const RAM_BASE = 0x20000000;
const STACK_BYTES = 1 << 16;
/** What the stack is filled with, to see how far it was used. */
const UNTOUCHED = 0xa5;
/** An inference that takes more modelled cycles than this is hopeless on any board. */
const MOST_CYCLES = 2e10;

export function isVirtual(board: BoardSpec): boolean {
  return board.core !== 'host';
}

/**
 * Builds the program (in the cache folder `folder`) and runs it once per entry of `inputs`, each the bytes of every input. Throws
 * NoVirtualBoardError, BuildError, or an error of the virtual core when the program misbehaves.
 */
export async function runOnVirtualBoard(
  program: Program,
  board: BoardSpec,
  inputs: readonly (readonly Uint8Array[])[],
  folder: string,
): Promise<VirtualRun> {
  const build = await buildArm(program, board, folder);
  if (build.kind === 'missing') throw new NoVirtualBoardError(`${build.missing} is missing`, build.hint);
  const image = readElf(build.elf);
  const address = (name: string): number => {
    const symbol = image.symbols.get(name);
    if (symbol === undefined) throw new Error(`the program has no ${name}`);
    return symbol.address;
  };
  const places = placePorts(program, RAM_BASE + board.ramBytes);
  const core = new VirtualCore(
    board.core === 'cortex-m4f' ? 'cortex-m4' : 'cortex-m0plus',
    { flashBase: FLASH_BASE, flashBytes: board.flashBytes, ramBase: RAM_BASE, ramBytes: places.end - RAM_BASE },
    board.flashTiming ?? { kind: 'zeroWait' },
  );
  core.load(image);
  const stack = core.memory.bytesAt(places.stackTop - STACK_BYTES, STACK_BYTES).fill(UNTOUCHED);
  const watch = new Map(program.steps.map((step) => [address(step.kernel), step.kernel]));
  const paired = program.steps.some(({ beside }) => beside !== undefined);
  const forkJoin = paired
    ? { fork: address('dnnrt_fork'), join: address('dnnrt_join'), cycles: board.forkJoinCycles ?? 0 }
    : undefined;
  const call = (name: string, args: readonly number[]) =>
    core.call(address(`${program.prefix}_${name}`), args, {
      stackTop: places.stackTop,
      maxCycles: MOST_CYCLES,
      watch,
      ...(forkJoin === undefined ? {} : { forkJoin }),
    });
  const infer = (bytes: readonly Uint8Array[]) => {
    bytes.forEach((each, i) => {
      core.memory.bytesAt(places.inputs[i], each.length).set(each);
    });
    const { cycles, profile, pairs } = call('infer', [...places.inputs, ...places.outputs]);
    const outputs = program.outputs.map((port, i) => core.memory.bytesAt(places.outputs[i], port.bytes).slice());
    return { outputs, cycles, profile, pairs };
  };
  const setup = call('setup', [0]);
  const [first] = inputs;
  if (first !== undefined) infer(first);
  const runs = inputs.map(infer);
  const last = runs.at(-1);
  const calls = last?.profile.filter(({ depth }) => depth === 0) ?? [];
  const pairs = [...(last?.pairs ?? [])];
  return {
    inferences: runs.map(({ outputs, cycles }) => ({ outputs, cycles })),
    setupCycles: setup.cycles,
    layers: program.steps.flatMap((step, i) => {
      const { id, name, op, macs } = program.layers[step.layer];
      if (step.beside === 'next') return [];
      const cycles = step.beside === 'previous' ? pairs.shift() : calls[i]?.cycles;
      return [{ id, name, op, macs, kernel: step.kernel, cycles: cycles ?? 0, inPatches: step.patch !== undefined }];
    }),
    stackBytes: STACK_BYTES - stack.findIndex((byte) => byte !== UNTOUCHED),
    compiler: build.compiler,
  };
}

/** Inputs, outputs and stack lie behind the board's own RAM: the caller's, not the network's. */
function placePorts(program: Program, start: number) {
  let at = start;
  const reserve = (bytes: number): number => {
    const place = at;
    at += Math.ceil(bytes / 16) * 16;
    return place;
  };
  const inputs = program.inputs.map(({ bytes }) => reserve(bytes));
  const outputs = program.outputs.map(({ bytes }) => reserve(bytes));
  const stackTop = reserve(STACK_BYTES) + STACK_BYTES;
  return { inputs, outputs, stackTop, end: at };
}
