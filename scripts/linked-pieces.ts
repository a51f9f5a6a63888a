/**
 * Which pieces (input sections) a linked file holds and which piece refers to which, read from the linker map and from the
 * relocations that `--emit-relocs` leaves in the file (System V ABI chapter 4; ELF for the Arm architecture, section 5.6).
 */

export interface Piece {
  /** `object:section`. */
  readonly id: string;
  readonly section: string;
  readonly bytes: number;
}

export interface LinkedPieces {
  readonly pieces: ReadonlyMap<string, Piece>;
  /** Piece -> the pieces that its code and constants refer to. */
  readonly refers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Piece -> what it calls, as `piece+offset`. */
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>;
  /** Piece that holds a symbol. */
  readonly pieceOf: (symbol: string) => string | undefined;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

const COUNTED = new Set(['.text', '.rodata', '.data', '.bss']);
const R_ARM_NONE = 0;
const R_ARM_ABS32 = 2;
const R_ARM_THM_CALL = 10;

/** Contributions of input sections to the counted output sections. */
function readMap(map: string): { readonly pieces: Map<string, Piece>; readonly ranges: Range[] } {
  const body = map.slice(map.indexOf('Linker script and memory map'));
  const pieces = new Map<string, Piece>();
  const ranges: Range[] = [];
  let output = '';
  for (const line of body.replaceAll(/\n {10,}(0x\S+\s+0x\S+ )/g, ' $1').split('\n')) {
    const start = /^(\.\w+)\s+0x/.exec(line) ?? /^(\.\w+)$/.exec(line);
    if (start?.[1] !== undefined) output = start[1];
    const entry = /^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$/.exec(line);
    const [, name, address, size, file] = entry ?? [];
    if (name === undefined || address === undefined || size === undefined || file === undefined) continue;
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0 || !COUNTED.has(output)) continue;
    const object = file.replace(/^.*\//, '').replace(/^lib(\w+)\.a\((.*)\)$/, '$1/$2');
    const id = `${object}:${name}`;
    pieces.set(id, { id, section: output.slice(1), bytes: bytes + (pieces.get(id)?.bytes ?? 0) });
    const from = Number.parseInt(address, 16);
    ranges.push({ from, to: from + bytes, id });
  }
  ranges.sort((a, b) => a.from - b.from);
  return { pieces, ranges };
}

export function linkedPieces(elf: Uint8Array, map: string): LinkedPieces {
  const { pieces, ranges } = readMap(map);
  const rangeAt = (address: number): Range | undefined => {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.to ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low];
    return range !== undefined && range.from <= address ? range : undefined;
  };
  const pieceAt = (address: number): string | undefined => rangeAt(address)?.id;
  const file = new ElfFile(elf);
  const refers = new Map<string, Set<string>>();
  const calls = new Map<string, Set<string>>();
  for (const { at, symbol, type, word } of file.relocations()) {
    const from = pieceAt(at);
    const to = pieceAt((type === R_ARM_ABS32 ? word : symbol) & ~1);
    if (type === R_ARM_NONE || from === undefined || to === undefined || from === to) continue;
    refers.set(from, (refers.get(from) ?? new Set()).add(to));
    const target = (symbol & ~1) - (rangeAt(symbol & ~1)?.from ?? 0);
    if (type === R_ARM_THM_CALL) calls.set(from, (calls.get(from) ?? new Set()).add(`${to}+${target}`));
  }
  return {
    pieces,
    refers,
    calls,
    pieceOf: (name) => {
      const address = file.symbolAddress(name);
      return address === undefined ? undefined : pieceAt(address & ~1);
    },
  };
}

/** The named pieces and everything they refer to, sorted. */
export function closureOf(start: readonly string[], refers: LinkedPieces['refers']): string[] {
  const found = new Set<string>();
  const open = [...start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(refers.get(id) ?? []));
  }
  return [...found].sort();
}

interface SectionHeader {
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

interface Relocation {
  readonly at: number;
  /** Value of the symbol. */
  readonly symbol: number;
  readonly type: number;
  /** What the linker wrote at `at`. */
  readonly word: number;
}

class ElfFile {
  readonly #file: Uint8Array;
  readonly #view: DataView;
  readonly #sections: SectionHeader[] = [];
  readonly #addresses = new Map<string, number>();

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const table = this.#word(32);
    const entryBytes = this.#view.getUint16(46, true);
    for (let i = 0; i < this.#view.getUint16(48, true); i++) {
      const at = table + i * entryBytes;
      this.#sections.push({
        type: this.#word(at + 4),
        address: this.#word(at + 12),
        offset: this.#word(at + 16),
        size: this.#word(at + 20),
        link: this.#word(at + 24),
        info: this.#word(at + 28),
      });
    }
    for (const section of this.#sections) if (section.type === 2) this.#readSymbols(section);
  }

  #word(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #readSymbols(table: SectionHeader): void {
    const names = this.#sections[table.link]?.offset ?? 0;
    for (let at = table.offset; at < table.offset + table.size; at += 16) {
      const start = names + this.#word(at);
      const name = Buffer.from(this.#file.subarray(start, this.#file.indexOf(0, start))).toString('latin1');
      if (name !== '' && this.#view.getUint16(at + 14, true) !== 0) this.#addresses.set(name, this.#word(at + 4));
    }
  }

  symbolAddress(name: string): number | undefined {
    return this.#addresses.get(name);
  }

  *relocations(): Generator<Relocation> {
    for (const section of this.#sections) {
      const target = this.#sections[section.info];
      const symbols = this.#sections[section.link];
      if (section.type !== 9 || target === undefined || symbols === undefined) continue;
      for (let at = section.offset; at < section.offset + section.size; at += 8) {
        const place = this.#word(at);
        const info = this.#word(at + 4);
        const inFile = target.offset + place - target.address;
        yield {
          at: place,
          symbol: this.#word(symbols.offset + (info >>> 8) * 16 + 4),
          type: info & 0xff,
          word: inFile + 4 <= this.#file.length ? this.#word(inFile) : 0,
        };
      }
    }
  }
}
