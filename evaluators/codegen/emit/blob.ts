/**
 * All constants of a network as one array of bytes, for memory-mapped flash: the code finds them by offset and reads them in place, so weights
 * can be replaced without the code. Layout, little-endian:
 *
 *   0  "TPB1"     4  bytes in all     8  fingerprint of the code it belongs to     12  FNV-1a of everything behind
 *   16 the constants, each at a multiple of 8
 */
import type { Program, ProgramConstant } from '../program.ts';

const HEADER_BYTES = 16;
const ALIGNMENT = 8;
export const BLOB_MAGIC = 0x31425054;

export interface Blob {
  readonly bytes: Uint8Array;
  /** Constant -> offset. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly fingerprint: number;
}

/** 32-bit FNV-1a. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function bytesOf(constant: ProgramConstant): Uint8Array {
  const data = constant.data();
  if (data.byteLength !== constant.bytes) throw new Error(`constant ${constant.id} has ${data.byteLength} bytes`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Where the constants lie, and the bytes of all. */
function placeConstants(program: Program): { readonly offsets: ReadonlyMap<string, number>; readonly size: number } {
  const offsets = new Map<string, number>();
  let size = HEADER_BYTES;
  for (const { id, bytes } of program.constants) {
    offsets.set(id, size);
    size += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  }
  return { offsets, size };
}

export function blobBytes(program: Program): number {
  return placeConstants(program).size;
}

export function makeBlob(program: Program): Blob {
  const { offsets, size } = placeConstants(program);
  const bytes = new Uint8Array(size);
  for (const constant of program.constants) bytes.set(bytesOf(constant), offsets.get(constant.id));
  // Offsets, types and lengths are all that the code knows of the constants.
  const shape = program.constants.map(({ id, type, elements }) => `${id} ${type} ${elements}\n`).join('');
  const fingerprint = fnv1a(new TextEncoder().encode(shape));
  const header = new DataView(bytes.buffer);
  const words = [BLOB_MAGIC, size, fingerprint, fnv1a(bytes.subarray(HEADER_BYTES))];
  words.forEach((word, index) => {
    header.setUint32(4 * index, word, true);
  });
  return { bytes, offsets, fingerprint };
}
