/**
 * A Cortex-M0+ or M4F with flash and RAM, executing translated code and counting modelled cycles. No interrupts, no
 * peripherals: functions of an ELF image are called directly, as a test bench on a board would.
 */
import { createSupport, type FpuFlags, type MachineState } from './arithmetic-support.ts';
import { type Core, cycleTable } from './cycle-table.ts';
import type { ElfImage } from './elf-image.ts';
import { type FlashModel, Memory, type MemoryLayout } from './memory.ts';
import { type ForkJoin, PairClock } from './pair-clock.ts';
import { translateRegion } from './translate-region.ts';

export interface WatchedCall {
  readonly name: string;
  readonly cycles: number;
  readonly flashDataWords: number;
  /** Number of watched functions that it was called from: 0 for one that no other watched function called. */
  readonly depth: number;
}

export interface CallOptions {
  readonly stackTop: number;
  readonly maxCycles: number;
  readonly watch?: ReadonlyMap<number, string>;
  readonly forkJoin?: ForkJoin;
}

export interface CallResult {
  /** r0 on return. */
  readonly result: number;
  /** Modelled cycles from the first instruction to the return, penalties included. */
  readonly cycles: number;
  readonly flashDataWords: number;
  readonly cacheMissWords: number;
  /** Inclusive cycles of each call of a watched function, in the order of their returns. */
  readonly profile: readonly WatchedCall[];
  /** Cycles from each fork to the end of its join, in order. */
  readonly pairs: readonly number[];
}

/** The program ran past its cycle budget. */
export class BudgetExceeded extends Error {
  constructor(cycles: number) {
    super(`the program did not return within ${cycles} cycles`);
    this.name = 'BudgetExceeded';
  }
}

/** The program stopped at a breakpoint, a supervisor call or an undefined instruction. */
export class ProgramStopped extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProgramStopped';
  }
}

type Translated = (block: number) => number;
interface Entry {
  readonly run: Translated;
  readonly block: number;
}

/** An address that no code has: a function that returns there has returned to the host. */
const HOST = 0xfffffffe | 0;

interface Watch {
  readonly name: string;
  readonly returnTo: number;
  readonly startCycles: number;
  readonly startWords: number;
}

export class VirtualCore {
  readonly memory: Memory;
  readonly #core: Core;
  readonly #entries = new Map<number, Entry>();
  readonly #registers = new Int32Array(19);
  readonly #floatBits = new Int32Array(32);
  readonly #state: MachineState & { stop: string } = { high: 0, ge: 0, cycles: 0, limit: 0, stop: '' };
  readonly #fpuFlags: FpuFlags = { nz: 0, c: 0, v: 0 };
  readonly #compile: (source: string) => Translated;

  constructor(core: Core, layout: MemoryLayout, flash: FlashModel) {
    this.#core = core;
    this.memory = new Memory(layout, flash, core === 'cortex-m4');
    const environment = {
      R: this.#registers,
      I: this.#floatBits,
      S: new Float32Array(this.#floatBits.buffer),
      M: this.#state,
      F: this.#fpuFlags,
      ...this.memory.access,
      ...createSupport(this.#state, this.#fpuFlags),
    };
    const names = Object.keys(environment);
    const values = Object.values(environment);
    this.#compile = (source) => new Function(...names, `return function region(b){${source}}`)(...values) as Translated;
  }

  /** Copies the image's segments into memory and zeroes the rest of them. Code translated before is forgotten. */
  load(image: ElfImage): void {
    this.#entries.clear();
    for (const { address, bytes, memoryBytes } of image.segments) {
      const target = this.memory.bytesAt(address, memoryBytes);
      target.fill(0);
      target.set(bytes);
    }
  }

  /**
   * Calls a function with words as arguments, the fifth and further ones on the stack. `stackTop` is the initial stack pointer. `watch` names functions (address -> name)
   * whose inclusive cycles are wanted. With `forkJoin`, what lies between fork and join is run one part after the other, and counted as if
   * both ran at once: the longer part, but no less than the waits for flash of both, since there is one cache before one flash. Not modelled:
   * waits where both reach for one bank of RAM, and the order in which they fill the cache. Throws BudgetExceeded, BusFault, UndefinedInstruction or ProgramStopped.
   */
  call(address: number, args: readonly number[], options: CallOptions): CallResult {
    const state = this.#state;
    this.#registers.fill(0);
    this.#registers.set(args.slice(0, 4));
    const onStack = Int32Array.from(args.slice(4));
    const stack = (options.stackTop - onStack.byteLength) & ~7;
    this.memory.bytesAt(stack, onStack.byteLength).set(new Uint8Array(onStack.buffer));
    this.#registers[13] = stack;
    this.#registers[14] = HOST | 1;
    state.cycles = 0;
    state.limit = options.maxCycles;
    this.memory.penaltyCycles = 0;
    this.memory.flashDataWords = 0;
    this.memory.cacheMissWords = 0;
    const { profile, pairs } = this.#run(address & ~1, options);
    return {
      result: this.#registers[0],
      cycles: state.cycles + this.memory.penaltyCycles,
      flashDataWords: this.memory.flashDataWords,
      cacheMissWords: this.memory.cacheMissWords,
      profile,
      pairs,
    };
  }

  #run(start: number, { maxCycles, watch = new Map(), forkJoin }: CallOptions) {
    const profile: WatchedCall[] = [];
    const open: Watch[] = [];
    const pair = forkJoin === undefined ? undefined : new PairClock(forkJoin, this.#state, this.memory);
    let pc = start;
    while (pc !== HOST) {
      if (pc === -1) throw new ProgramStopped(this.#state.stop);
      pair?.pass(pc, this.#registers[14] & ~1);
      const top = open.at(-1);
      const now = this.#state.cycles + this.memory.penaltyCycles;
      if (top !== undefined && pc === top.returnTo) {
        open.pop();
        const flashDataWords = this.memory.flashDataWords - top.startWords;
        profile.push({ name: top.name, cycles: now - top.startCycles, flashDataWords, depth: open.length });
      }
      const name = watch.get(pc);
      if (name !== undefined) {
        const startWords = this.memory.flashDataWords;
        open.push({ name, returnTo: this.#registers[14] & ~1, startCycles: now, startWords });
      }
      const entry = this.#entries.get(pc) ?? this.#translate(pc);
      pc = entry.run(entry.block);
      if (this.#state.cycles > maxCycles) throw new BudgetExceeded(maxCycles);
    }
    return { profile, pairs: pair?.pairs ?? [] };
  }

  #translate(pc: number): Entry {
    const region = translateRegion(this.memory, cycleTable(this.#core), pc, (address) => this.#entries.has(address));
    const run = this.#compile(region.source);
    for (const [address, block] of region.entries) this.#entries.set(address, { run, block });
    const entry = this.#entries.get(pc);
    if (entry === undefined) throw new Error(`no code at 0x${pc.toString(16)}`);
    return entry;
  }
}
