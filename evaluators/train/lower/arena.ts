/** Compile-time memory: a bump allocator with a free list, in bytes. Freed blocks serve later requests of at most their size. */

const ALIGN = 64;

function blockBytes(count: number): number {
  // One vector of slack, so that kernels may round a row up.
  return Math.ceil((count * 4 + ALIGN) / ALIGN) * ALIGN;
}

export class Arena {
  #top: number;
  readonly #sizes = new Map<number, number>();
  readonly #free: number[] = [];

  constructor(base: number) {
    this.#top = Math.ceil(base / ALIGN) * ALIGN;
  }

  /** Bytes from address 0 to the end of the last block. */
  get bytes(): number {
    return this.#top;
  }

  /** Offset of a block of `count` 4-byte elements that nothing else ever uses: for what is written before the program runs. */
  reserve(count: number): number {
    const bytes = blockBytes(count);
    const offset = this.#top;
    this.#sizes.set(offset, bytes);
    this.#top += bytes;
    return offset;
  }

  /** Offset of a block of `count` 4-byte elements, possibly one that was released. */
  allocate(count: number): number {
    const bytes = blockBytes(count);
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const size = this.#sizes.get(this.#free[i]) ?? 0;
      if (size >= bytes && (best < 0 || size < (this.#sizes.get(this.#free[best]) ?? 0))) best = i;
    }
    if (best >= 0) return this.#free.splice(best, 1)[0];
    return this.reserve(count);
  }

  release(offset: number): void {
    this.#free.push(offset);
  }
}
