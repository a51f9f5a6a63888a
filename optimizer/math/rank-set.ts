/** A set of integers in [0, capacity) that finds the largest member below a value in a few steps: a bit tree with 32 branches a level. */

export class RankSet {
  /** levels[0] has one bit per integer, each next level one bit per non-empty word of the one before. */
  readonly #levels: Int32Array[] = [];

  constructor(capacity: number) {
    let words = Math.max(1, (capacity + 31) >>> 5);
    for (;;) {
      this.#levels.push(new Int32Array(words));
      if (words === 1) break;
      words = (words + 31) >>> 5;
    }
  }

  add(rank: number): void {
    let at = rank;
    for (const level of this.#levels) {
      level[at >>> 5] |= 1 << (at & 31);
      at >>>= 5;
    }
  }

  delete(rank: number): void {
    let at = rank;
    for (const level of this.#levels) {
      level[at >>> 5] &= ~(1 << (at & 31));
      if (level[at >>> 5] !== 0) return;
      at >>>= 5;
    }
  }

  /** Largest member below `rank`, or −1. */
  before(rank: number): number {
    const levels = this.#levels;
    let at = rank;
    for (let depth = 0; depth < levels.length; depth++) {
      const word = levels[depth][at >>> 5] & ((1 << (at & 31)) - 1);
      if (word !== 0) {
        at = (at & ~31) + 31 - Math.clz32(word);
        while (depth > 0) {
          depth--;
          at = (at << 5) + 31 - Math.clz32(levels[depth][at]);
        }
        return at;
      }
      at >>>= 5;
    }
    return -1;
  }
}
