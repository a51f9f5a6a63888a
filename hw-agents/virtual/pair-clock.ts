/**
 * The time of work that a program shares between two cores. The virtual core runs it one part after the other; from the fork to the join the
 * clock is then set back to what both at once would have taken.
 */

/** Functions by which a program uses a second core: `fork` runs a task before it returns, `join` ends the work beside it. */
export interface ForkJoin {
  readonly fork: number;
  readonly join: number;
  /** Cycles of handing over the work and waiting for the answer. */
  readonly cycles: number;
}

interface Clock {
  cycles: number;
}

interface Part {
  /** Cycles without waits for flash. */
  readonly cycles: number;
  readonly waits: number;
}

export class PairClock {
  readonly pairs: number[] = [];
  readonly #forkJoin: ForkJoin;
  readonly #clock: Clock;
  readonly #memory: { readonly penaltyCycles: number };
  #start: Part | undefined;
  #middle: Part | undefined;
  #returnTo = -1;

  constructor(forkJoin: ForkJoin, clock: Clock, memory: { readonly penaltyCycles: number }) {
    this.#forkJoin = forkJoin;
    this.#clock = clock;
    this.#memory = memory;
  }

  /** To be told of every address at which the dispatcher goes on. */
  pass(pc: number, returnTo: number): void {
    if (pc === this.#forkJoin.fork) {
      this.#start = this.#now();
      this.#returnTo = returnTo;
    } else if (pc === this.#returnTo) {
      this.#middle = this.#now();
      this.#returnTo = -1;
    } else if (pc === this.#forkJoin.join) this.#join();
  }

  #now(): Part {
    return { cycles: this.#clock.cycles, waits: this.#memory.penaltyCycles };
  }

  #join(): void {
    const [start, middle, end] = [this.#start, this.#middle, this.#now()];
    if (start === undefined || middle === undefined) throw new Error('a join without a fork');
    const waits = [middle.waits - start.waits, end.waits - middle.waits];
    const [other, own] = [middle.cycles - start.cycles + waits[0], end.cycles - middle.cycles + waits[1]];
    const both = Math.max(other, own, waits[0] + waits[1]) + this.#forkJoin.cycles;
    this.pairs.push(both);
    this.#clock.cycles -= other + own - both;
    this.#start = undefined;
    this.#middle = undefined;
  }
}
