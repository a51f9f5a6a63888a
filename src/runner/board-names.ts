/** Names of the board types: the files of config/boards, for help texts, which load nothing heavier. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const boardFolder = fileURLToPath(new URL('../../config/boards/', import.meta.url));

export function boardNames(): string[] {
  return readdirSync(boardFolder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Boards that are not this computer. */
export function targetNames(): string[] {
  return boardNames().filter((name) => name !== 'host');
}
