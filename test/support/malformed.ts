/** The broken and hostile files of ../shared/models/malformed/malformed.tar.gz, read without unpacking to disk. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { sharedPath } from './shared.ts';

export interface MalformedCase {
  readonly file: string;
  readonly category: string;
  readonly note: string;
  readonly expect: 'reject' | 'reject-or-run' | 'accept-or-reject-cleanly';
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** Regular files of a tar archive by name. */
function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (start: number, length: number): string => {
    const field = archive.subarray(start, start + length);
    const end = field.indexOf(0);
    return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
  };
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    if (kind === '0' || kind === '') files.set(text(at, 100), archive.slice(at + BLOCK, at + BLOCK + size));
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  return files;
}

export function malformedCases(): MalformedCase[] {
  const files = readTar(gunzipSync(readFileSync(sharedPath('models', 'malformed', 'malformed.tar.gz'))));
  const index = files.get('malformed/index.json');
  if (index === undefined) throw new Error('the archive has no index');
  const parsed = JSON.parse(new TextDecoder().decode(index));
  const list: Omit<MalformedCase, 'bytes'>[] = Array.isArray(parsed)
    ? parsed
    : (Object.values(parsed).find(Array.isArray) ?? []);
  return list.map((entry) => {
    const bytes = files.get(`malformed/${entry.file}`);
    if (bytes === undefined) throw new Error(`${entry.file} is not in the archive`);
    return { ...entry, bytes };
  });
}
