/**
 * One file that is either whole or not there: a JSON head and arrays of numbers. Layout: magic, length of the head (uint32, little
 * endian), head, arrays one after the other, SHA-256 of all that. It is written aside, synced and renamed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { bytesOf } from './data/fingerprint.ts';

export interface CheckpointContent<Head> {
  readonly head: Head;
  readonly floats: ReadonlyMap<string, Float32Array>;
  readonly doubles: ReadonlyMap<string, Float64Array>;
}

/** The bytes are not those that were written. */
export class DamagedCheckpointError extends Error {
  constructor(file: string) {
    super(`${file} is damaged`);
    this.name = 'DamagedCheckpointError';
  }
}

const MAGIC = Buffer.from('tinypareto checkpoint 1\n');
const DIGEST_BYTES = 32;

interface Envelope<Head> {
  readonly head: Head;
  /** Name and count of each array, in the order of the bytes: doubles, then floats. */
  readonly doubles: readonly (readonly [string, number])[];
  readonly floats: readonly (readonly [string, number])[];
}

function counts(arrays: ReadonlyMap<string, { readonly length: number }>): (readonly [string, number])[] {
  return [...arrays].map(([name, { length }]) => [name, length]);
}

/** Makes the folder where needed. Throws what the file system throws; then the file is as it was. */
export function writeCheckpoint<Head>(file: string, { head, floats, doubles }: CheckpointContent<Head>): void {
  const envelope: Envelope<Head> = { head, doubles: counts(doubles), floats: counts(floats) };
  const text = Buffer.from(JSON.stringify(envelope));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const parts = [MAGIC, length, text, ...[...doubles.values(), ...floats.values()].map(bytesOf)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // Several threads may write what they share.
  const partial = `${file}.${randomBytes(6).toString('hex')}.partial`;
  const descriptor = openSync(partial, 'w', 0o600);
  try {
    for (const part of [...parts, hash.digest()]) {
      for (let at = 0; at < part.length; ) at += writeSync(descriptor, part, at);
    }
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
}

/** Undefined where there is no file. Throws DamagedCheckpointError. */
export function readCheckpoint<Head>(file: string): CheckpointContent<Head> | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
  const end = bytes.length - DIGEST_BYTES;
  const start = MAGIC.length + 4;
  if (end < start || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedCheckpointError(file);
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest();
  if (!digest.equals(bytes.subarray(end))) throw new DamagedCheckpointError(file);
  let at = start + bytes.readUInt32LE(MAGIC.length);
  const envelope = JSON.parse(bytes.toString('utf8', start, at)) as Envelope<Head>;
  // Copied out, so that the arrays are aligned.
  const take = (size: number): ArrayBuffer => {
    const part = new Uint8Array(bytes.subarray(at, at + size));
    at += size;
    return part.buffer;
  };
  const doubles = new Map(envelope.doubles.map(([name, count]) => [name, new Float64Array(take(8 * count))]));
  const floats = new Map(envelope.floats.map(([name, count]) => [name, new Float32Array(take(4 * count))]));
  return { head: envelope.head, doubles, floats };
}
