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
}
