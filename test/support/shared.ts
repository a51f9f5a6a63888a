/** Where tests find the reference models and peers' runs: the folder `../shared` beside the checkout. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.resolve(fileURLToPath(new URL('../../../shared', import.meta.url)));

/** Absolute path of a file in ../shared. */
export function sharedPath(...parts: string[]): string {
  return path.join(folder, ...parts);
}

/** For a test's `skip` option: false, or the reason to skip. In continuous integration the folder must be there, so nothing is skipped. */
export function skipWithoutShared(): false | string {
  if (process.env['CI'] || existsSync(folder)) return false;
  return 'the reference models in ../shared are not here';
}
