/** ELF32 little-endian executables: what to load, where to start, and what the functions are called. */

export interface ElfSegment {
  /** Run-time address. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes in memory; the part beyond `bytes` is zero. */
  readonly memoryBytes: number;
}

export interface ElfSymbol {
  readonly name: string;
  /** Without the Thumb bit. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: 'function' | 'object' | 'other';
}

export interface ElfImage {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly symbols: ReadonlyMap<string, ElfSymbol>;
}

const ARM = 40;

/** Throws RangeError or Error when the bytes are not such a file. */
export function readElf(bytes: Uint8Array): ElfImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, false) !== 0x7f454c46 || bytes[4] !== 1 || bytes[5] !== 1)
    throw new Error('not a 32-bit little-endian ELF file');
  if (view.getUint16(18, true) !== ARM) throw new Error('not an Arm executable');
  return { entry: view.getUint32(24, true), segments: readSegments(view, bytes), symbols: readSymbols(view, bytes) };
}

function readSegments(view: DataView, bytes: Uint8Array): ElfSegment[] {
  const start = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const segments: ElfSegment[] = [];
  for (let i = 0; i < view.getUint16(44, true); i++) {
    const at = start + i * size;
    const memoryBytes = view.getUint32(at + 20, true);
    if (view.getUint32(at, true) !== 1 || memoryBytes === 0) continue;
    const offset = view.getUint32(at + 4, true);
    segments.push({
      address: view.getUint32(at + 8, true),
      bytes: bytes.subarray(offset, offset + view.getUint32(at + 16, true)),
      memoryBytes,
    });
  }
  return segments;
}

function readSymbols(view: DataView, bytes: Uint8Array): Map<string, ElfSymbol> {
  const symbols = new Map<string, ElfSymbol>();
  const sections = view.getUint32(32, true);
  const size = view.getUint16(46, true);
  const field = (section: number, offset: number) => view.getUint32(sections + section * size + offset, true);
  for (let s = 0; s < view.getUint16(48, true); s++) {
    if (field(s, 4) !== 2) continue;
    const names = field(field(s, 24), 16);
    for (let at = field(s, 16); at < field(s, 16) + field(s, 20); at += 16) {
      const type = view.getUint8(at + 12) & 15;
      const value = view.getUint32(at + 4, true);
      const name = textAt(bytes, names + view.getUint32(at, true));
      if (name === '' || name.startsWith('$')) continue;
      const kind = type === 2 ? 'function' : type === 1 ? 'object' : 'other';
      symbols.set(name, {
        name,
        address: kind === 'function' ? value & ~1 : value,
        sizeBytes: view.getUint32(at + 8, true),
        kind,
      });
    }
  }
  return symbols;
}

function textAt(bytes: Uint8Array, start: number): string {
  let end = start;
  while (bytes[end] !== 0) end++;
  return new TextDecoder().decode(bytes.subarray(start, end));
}
