/**
 * ZIP archives (APPNOTE.TXT 4.3): a reader for stored and deflated entries, used for .npz, and a writer of stored or deflated
 * entries whose bytes depend on nothing but the entries (fixed time stamp), so that equal content gives equal archives.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

export class ZipError extends Error {
  override readonly name = 'ZipError';
}

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
/** 1980-01-01, the earliest MS-DOS date: (1 << 5) | 1. */
const DOS_DATE = 0x21;
const UTF8_NAMES = 0x0800;
/** Entries of one archive; a larger number is not a tensor file. */
const MAX_ENTRIES = 10_000;

/** The entries of an archive, all together at most `maxBytes` after decompression. Throws ZipError. */
export function readZip(archive: Uint8Array, maxBytes = 2 ** 31): ZipEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    return readDirectory(archive, view, maxBytes);
  } catch (error) {
    if (error instanceof RangeError) throw new ZipError('the archive is cut off or damaged');
    throw error;
  }
}

function readDirectory(archive: Uint8Array, view: DataView, maxBytes: number): ZipEntry[] {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  if (count > MAX_ENTRIES) throw new ZipError(`the archive has ${count} entries; at most ${MAX_ENTRIES} are allowed`);
  const entries: ZipEntry[] = [];
  let at = view.getUint32(end + 16, true);
  let budget = maxBytes;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new ZipError('the archive has a damaged directory');
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
    const bytes = readEntry(archive, view, at, name, budget);
    budget -= bytes.length;
    entries.push({ name, bytes });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The end record is at the end, before a comment of at most 65,535 bytes. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw new ZipError('not a ZIP archive, or cut off');
}

function readEntry(archive: Uint8Array, view: DataView, at: number, name: string, maxBytes: number): Uint8Array {
  const method = view.getUint16(at + 10, true);
  const expectedCrc = view.getUint32(at + 16, true);
  const packedBytes = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const header = view.getUint32(at + 42, true);
  if (size > maxBytes)
    throw new ZipError(`entry ${JSON.stringify(name)} is larger than the limit of ${maxBytes} bytes`);
  if (view.getUint32(header, true) !== LOCAL_HEADER) throw new ZipError(`entry ${JSON.stringify(name)} has no header`);
  // The lengths of the local header count: its extra field may differ from the directory's.
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + packedBytes > archive.length) throw new ZipError(`entry ${JSON.stringify(name)} is cut off`);
  const bytes = unpack(archive.subarray(start, start + packedBytes), method, size, name);
  if (bytes.length !== size || crc32(bytes) !== expectedCrc) {
    throw new ZipError(`entry ${JSON.stringify(name)} is damaged: its checksum does not match`);
  }
  return bytes;
}

function unpack(packed: Uint8Array, method: number, size: number, name: string): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8)
    throw new ZipError(`entry ${JSON.stringify(name)} uses compression method ${method}; only 0 and 8 are read`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    throw new ZipError(`entry ${JSON.stringify(name)} is damaged: it does not decompress`);
  }
}

/** What 32-bit offsets and 16-bit counts can name. */
const MOST_BYTES = 2 ** 32 - 1;
const MOST_WRITTEN = 65_535;

/** Writes an archive part by part: what each call returns follows what the one before returned. */
export class ZipWriter {
  readonly #directory: Uint8Array[] = [];
  #offset = 0;

  /** The bytes of an entry, deflated where that makes it smaller. Throws ZipError when the archive has become too large. */
  add(entry: ZipEntry): Uint8Array {
    const name = new TextEncoder().encode(entry.name);
    const deflated = deflateRawSync(entry.bytes);
    const method = deflated.length < entry.bytes.length ? 8 : 0;
    const packed = method === 8 ? deflated : entry.bytes;
    const fields = { method, crc: crc32(entry.bytes), packedBytes: packed.length, size: entry.bytes.length, name };
    this.#directory.push(directoryEntry(fields, this.#offset));
    const bytes = Buffer.concat([localHeader(fields), packed]);
    this.#offset += bytes.length;
    if (this.#offset > MOST_BYTES || this.#directory.length > MOST_WRITTEN)
      throw new ZipError(`an archive holds at most ${MOST_WRITTEN} entries and 4 GiB`);
    return bytes;
  }

  /** The directory, which ends the archive. */
  end(): Uint8Array {
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, END_OF_DIRECTORY, true);
    end.setUint16(8, this.#directory.length, true);
    end.setUint16(10, this.#directory.length, true);
    end.setUint32(
      12,
      this.#directory.reduce((sum, part) => sum + part.length, 0),
      true,
    );
    end.setUint32(16, this.#offset, true);
    return Buffer.concat([...this.#directory, new Uint8Array(end.buffer)]);
  }
}

/** An archive with `entries` in the given order, deflated where that makes them smaller. */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const writer = new ZipWriter();
  const parts = entries.map((entry) => writer.add(entry));
  return Buffer.concat([...parts, writer.end()]);
}

interface EntryFields {
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly size: number;
  readonly name: Uint8Array;
}

function localHeader(entry: EntryFields): Uint8Array {
  const view = new DataView(new ArrayBuffer(30 + entry.name.length));
  view.setUint32(0, LOCAL_HEADER, true);
  view.setUint16(4, 20, true);
  writeCommonFields(view, 6, entry);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(entry.name, 30);
  return bytes;
}

function directoryEntry(entry: EntryFields, offset: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(46 + entry.name.length));
  view.setUint32(0, DIRECTORY_ENTRY, true);
  view.setUint16(4, 20, true);
  view.setUint16(6, 20, true);
  writeCommonFields(view, 8, entry);
  view.setUint32(42, offset, true);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(entry.name, 46);
  return bytes;
}

/** Flags, method, time, date, checksum, sizes and name length: the same 22 bytes in both headers. */
function writeCommonFields(view: DataView, at: number, entry: EntryFields): void {
  view.setUint16(at, UTF8_NAMES, true);
  view.setUint16(at + 2, entry.method, true);
  view.setUint16(at + 6, DOS_DATE, true);
  view.setUint32(at + 8, entry.crc, true);
  view.setUint32(at + 12, entry.packedBytes, true);
  view.setUint32(at + 16, entry.size, true);
  view.setUint16(at + 20, entry.name.length, true);
}
