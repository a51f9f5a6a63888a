/** Content hashes of source trees: the key of the build cache. */
import { createHash } from 'node:crypto';
import type { SourceFile } from '../codegen/emit/source-file.ts';

/** Hex SHA-256 over file paths, texts and everything else that decides the result (compiler version, flags). */
export function sourceHash(files: readonly SourceFile[], ...rest: readonly string[]): string {
  const hash = createHash('sha256');
  const add = (text: string) => hash.update(`${Buffer.byteLength(text)}:`).update(text);
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    add(file.path);
    add(file.text);
  }
  for (const text of rest) add(text);
  return hash.digest('hex');
}
