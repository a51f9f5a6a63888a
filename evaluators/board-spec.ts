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
  /** Compiler flags that select the core, for example `-mcpu=cortex-m0plus -mthumb`. */
  readonly compilerFlags: readonly string[];
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
