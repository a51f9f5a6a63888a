/**
 * Memory of a virtual board: one flash and one RAM, little-endian, with the cost of the ways to reach them. Loads and
 * stores anywhere else are bus faults. Extra cycles (unaligned words, flash waits, cache misses) add up in `penaltyCycles`.
 */

export interface MemoryLayout {
  readonly flashBase: number;
  readonly flashBytes: number;
  readonly ramBase: number;
  readonly ramBytes: number;
}

/** How flash is reached. */
export type FlashModel =
  | { readonly kind: 'zeroWait' }
  /** Extra cycles for each data word read (nRF52840: 0…2). */
  | { readonly kind: 'dataWait'; readonly cyclesPerWord: number }
  /** RP2040: 16 KiB, 2 ways, 8-byte lines, LRU, a valid bit per word; a missing word costs `missCycles`. */
  | { readonly kind: 'xipCache'; readonly missCycles: number };

export class BusFault extends Error {
  readonly address: number;
  constructor(what: string, address: number) {
    super(`${what} at 0x${(address >>> 0).toString(16).padStart(8, '0')}`);
    this.name = 'BusFault';
    this.address = address >>> 0;
  }
}

const SETS = 1024;

export class Memory {
  readonly layout: MemoryLayout;
  readonly flash: Uint8Array;
  readonly ram: Uint8Array;
  penaltyCycles = 0;
  flashDataWords = 0;
  cacheMissWords = 0;
  readonly #model: FlashModel;
  readonly #allowsUnaligned: boolean;
  readonly #flash32: Int32Array;
  readonly #ram32: Int32Array;
  readonly #ram16: Int16Array;
  /** Line address of each of the two ways, -1 = empty; bits 0 and 1 of #valid are its words; #recent = way used last. */
  readonly #tags = new Int32Array(SETS * 2).fill(-1);
  readonly #valid = new Uint8Array(SETS * 2);
  readonly #recent = new Uint8Array(SETS);

  constructor(layout: MemoryLayout, model: FlashModel, allowsUnaligned: boolean) {
    this.layout = layout;
    this.#model = model;
    this.#allowsUnaligned = allowsUnaligned;
    this.flash = new Uint8Array(layout.flashBytes);
    this.ram = new Uint8Array(layout.ramBytes);
    this.#flash32 = new Int32Array(this.flash.buffer);
    this.#ram32 = new Int32Array(this.ram.buffer);
    this.#ram16 = new Int16Array(this.ram.buffer);
  }

  /** The bytes at an address, for loading and for reading results; not counted. Throws BusFault outside flash and RAM. */
  bytesAt(address: number, length: number): Uint8Array {
    const { flashBase, flashBytes, ramBase, ramBytes } = this.layout;
    const inRam = (address - ramBase) >>> 0;
    if (inRam + length <= ramBytes) return this.ram.subarray(inRam, inRam + length);
    const inFlash = (address - flashBase) >>> 0;
    if (inFlash + length <= flashBytes) return this.flash.subarray(inFlash, inFlash + length);
    throw new BusFault(`no memory for ${length} bytes`, address);
  }

  /** The functions that translated code calls. */
  readonly access = {
    ld32: (a: number): number => {
      const o = (a - this.layout.ramBase) >>> 0;
      return o < this.ram.length && (o & 3) === 0 ? this.#ram32[o >>> 2] : this.#slowLoad(a, 4) | 0;
    },
    ld16: (a: number): number => {
      const o = (a - this.layout.ramBase) >>> 0;
      return o < this.ram.length && (o & 1) === 0 ? this.#ram16[o >>> 1] & 0xffff : this.#slowLoad(a, 2) & 0xffff;
    },
    ldh: (a: number): number => {
      const o = (a - this.layout.ramBase) >>> 0;
      return o < this.ram.length && (o & 1) === 0 ? this.#ram16[o >>> 1] : (this.#slowLoad(a, 2) << 16) >> 16;
    },
    ld8: (a: number): number => {
      const o = (a - this.layout.ramBase) >>> 0;
      return o < this.ram.length ? this.ram[o] : this.#slowLoad(a, 1) & 0xff;
    },
    ldb: (a: number): number => {
      const o = (a - this.layout.ramBase) >>> 0;
      return ((o < this.ram.length ? this.ram[o] : this.#slowLoad(a, 1)) << 24) >> 24;
    },
    st32: (a: number, value: number): void => {
      const o = (a - this.layout.ramBase) >>> 0;
      if (o < this.ram.length && (o & 3) === 0) this.#ram32[o >>> 2] = value;
      else this.#slowStore(a, value, 4);
    },
    st16: (a: number, value: number): void => {
      const o = (a - this.layout.ramBase) >>> 0;
      if (o < this.ram.length && (o & 1) === 0) this.#ram16[o >>> 1] = value;
      else this.#slowStore(a, value, 2);
    },
    st8: (a: number, value: number): void => {
      const o = (a - this.layout.ramBase) >>> 0;
      if (o >= this.ram.length) throw new BusFault('store', a);
      this.ram[o] = value;
    },
    /** Instruction fetch of the words [first, last] (word addresses) through the cache. */
    fetch: (first: number, last: number): void => {
      for (let word = first; word <= last; word += 4) this.#throughCache(word);
    },
  };

  isFlash(address: number): boolean {
    const { flashBase, flashBytes } = this.layout;
    return (address - flashBase) >>> 0 < flashBytes;
  }

  /** Whether code from flash takes time to fetch. */
  get modelsFetch(): boolean {
    return this.#model.kind === 'xipCache';
  }

  #slowLoad(a: number, size: number): number {
    const { flashBase, flashBytes, ramBase } = this.layout;
    this.#checkAlignment(a, size);
    const o = (a - flashBase) >>> 0;
    if (o + size <= flashBytes) {
      this.#countFlashRead(a);
      if ((o & 3) === 0 && size === 4) return this.#flash32[o >>> 2];
      return little(this.flash, o, size);
    }
    const inRam = (a - ramBase) >>> 0;
    if (inRam + size <= this.ram.length) return little(this.ram, inRam, size);
    throw new BusFault('load', a);
  }

  #slowStore(a: number, value: number, size: number): void {
    this.#checkAlignment(a, size);
    const o = (a - this.layout.ramBase) >>> 0;
    if (o + size > this.ram.length) throw new BusFault('store', a);
    for (let i = 0; i < size; i++) this.ram[o + i] = value >>> (8 * i);
  }

  #checkAlignment(a: number, size: number): void {
    const misfit = a & (size - 1);
    if (misfit === 0) return;
    if (!this.#allowsUnaligned) throw new BusFault('unaligned access', a);
    this.penaltyCycles += size === 4 && (misfit & 1) === 1 ? 2 : 1;
  }

  #countFlashRead(a: number): void {
    this.flashDataWords++;
    if (this.#model.kind === 'dataWait') this.penaltyCycles += this.#model.cyclesPerWord;
    else if (this.#model.kind === 'xipCache') this.#throughCache(a & ~3);
  }

  #throughCache(word: number): void {
    const line = word >>> 3;
    const set = line % SETS;
    const bit = 1 << ((word >>> 2) & 1);
    const first = set * 2;
    let way = first;
    if (this.#tags[first] !== line) {
      if (this.#tags[first + 1] === line) way = first + 1;
      else {
        way = first + 1 - this.#recent[set];
        this.#tags[way] = line;
        this.#valid[way] = 0;
      }
    }
    this.#recent[set] = way - first;
    if ((this.#valid[way] & bit) !== 0) return;
    this.#valid[way] |= bit;
    this.cacheMissWords++;
    if (this.#model.kind === 'xipCache') this.penaltyCycles += this.#model.missCycles;
  }
}

function little(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value |= bytes[offset + i] << (8 * i);
  return value;
}
