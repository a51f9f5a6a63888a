/** Writes source files below a folder; paths that lead out of it are refused. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { SourceFile } from '../codegen/emit/source-file.ts';

export async function writeSources(files: readonly SourceFile[], folder: string): Promise<void> {
  for (const file of files) {
    const path = normalize(file.path);
    if (isAbsolute(path) || path.startsWith('..'))
      throw new RangeError(`path ${JSON.stringify(file.path)} leads out of the folder`);
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file.text);
  }
}
