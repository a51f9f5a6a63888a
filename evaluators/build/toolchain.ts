/** Finds the compilers. A missing one is an answer, not a failure: what needs it says so and the rest goes on. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Toolchain {
  readonly compiler: string;
  /** First line of `--version`. */
  readonly version: string;
}

export interface MissingToolchain {
  readonly missing: string;
  /** How to get it. */
  readonly hint: string;
}

export type ToolchainResult = Toolchain | MissingToolchain;

export function isMissing(result: ToolchainResult): result is MissingToolchain {
  return 'missing' in result;
}

const found = new Map<string, ToolchainResult>();

/** The first of `candidates` on the PATH. */
function locate(key: string, candidates: readonly string[], hint: string): ToolchainResult {
  const known = found.get(key);
  if (known !== undefined) return known;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  let result: ToolchainResult = { missing: candidates[0] ?? key, hint };
  for (const candidate of candidates) {
    const compiler = folders.map((folder) => join(folder, candidate)).find((path) => existsSync(path));
    if (compiler === undefined) continue;
    const run = spawnSync(compiler, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    if (run.status !== 0) continue;
    result = { compiler, version: run.stdout.split('\n')[0] ?? '' };
    break;
  }
  found.set(key, result);
  return result;
}

/** A C compiler for this machine. */
export function hostToolchain(): ToolchainResult {
  return locate('host', ['gcc', 'cc', 'clang'], 'install a C compiler, for example: apt-get install gcc');
}

/** The GNU compiler for Arm microcontrollers. */
export function armToolchain(): ToolchainResult {
  return locate(
    'arm',
    ['arm-none-eabi-gcc'],
    'install it, for example: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi',
  );
}
