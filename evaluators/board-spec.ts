/** What the pipeline must know of a board type. Filled from config/boards/*.yaml by the daemon; data only. */

export type CpuCore = 'cortex-m0plus' | 'cortex-m4f' | 'host';

export interface BoardSpec {
  /** Identifier, for example `pico`. */
  readonly name: string;
  readonly title: string;
  readonly core: CpuCore;
  readonly clockHz: number;
  /** Flash that a program may use. */
  readonly flashBytes: number;
  /** RAM that a program may use, all banks together. */
  readonly ramBytes: number;
  /** Present when RAM is no single stretch: its parts, the best first. `ramBytes` is their sum. */
  readonly ramBanks?: readonly RamBank[];
  /** Compiler flags that select the core, for example `-mcpu=cortex-m0plus -mthumb`. */
  readonly compilerFlags: readonly string[];
  /** Equal cores that share memory; 1 when absent. */
  readonly cores?: number;
  /** Cycles to hand work to another core and to wait for its answer, beyond the work; as declared, not measured on silicon. */
  readonly forkJoinCycles?: number;
  readonly hasFpu: boolean;
  readonly hasDsp: boolean;
  /** How long reads from flash take on the virtual board; absent = as fast as RAM. */
  readonly flashTiming?: FlashTiming;
  /** Share by which modelled cycles may differ from silicon, for example 0.25; absent = unknown. */
  readonly cycleErrorShare?: number;
}

export type FlashTiming =
  /** Extra cycles for each word of data; code comes from a cache without waits. */
  | { readonly kind: 'dataWait'; readonly cyclesPerWord: number }
  /** The cache of the RP2040 before a serial flash: cycles for each word that it does not hold. */
  | { readonly kind: 'xipCache'; readonly missCycles: number };

/** A stretch of RAM. An arena lies in one of them. */
export interface RamBank {
  /** Identifier in C: `main`, `scratch_x`. */
  readonly name: string;
  readonly bytes: number;
  /** Where it starts; a bank that goes on where the one before it ends is one with it. */
  readonly address?: number;
  /** Section that the linker puts there; `.bss` when absent. */
  readonly section?: string;
}
