/**
 * The native build of the engine: the same C sources compiled for this machine as a Node-API addon (about two seconds, once), kept in a
 * cache folder under a name made from the sources, the compiler and the processor. Without a compiler there is none.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface NativeAddon {
  readonly run: (memory: ArrayBuffer, words: number, count: number, workspace: number) => void;
  readonly workspaceBytes: () => number;
  /** Floats per vector: 4, 8 or 16. */
  readonly vectorWidth: () => number;
}

const SOURCES = fileURLToPath(new URL('./engine/', import.meta.url));
const FLAGS = [
  '-std=gnu11',
  '-O3',
  '-march=native',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-Wno-psabi',
  '-DNAPI_VERSION=9',
];
const BUILD_TIMEOUT_MS = 60_000;
const require = createRequire(import.meta.url);
let loaded: NativeAddon | null | undefined;
let loadedFrom = '';

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(base, 'tinypareto');
}

function headerFolder(): string | undefined {
  try {
    return path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include');
  } catch {
    return undefined;
  }
}

function sourceFiles(): string[] {
  return readdirSync(SOURCES)
    .filter((name) => /\.(c|h|def)$/.test(name) && name !== 'wasm.c')
    .sort();
}

function build(): string | undefined {
  const compiler = process.env['CC'] ?? 'gcc';
  const headers = headerFolder();
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8', timeout: BUILD_TIMEOUT_MS });
  if (headers === undefined || version.status !== 0) return undefined;
  const files = sourceFiles();
  const hash = createHash('sha256').update(
    JSON.stringify([version.stdout, FLAGS, process.arch, cpus()[0]?.model, files]),
  );
  for (const file of files) hash.update(readFileSync(path.join(SOURCES, file)));
  const folder = cacheFolder();
  const target = path.join(folder, `engine-${hash.digest('hex').slice(0, 24)}.node`);
  if (existsSync(target)) return target;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Built aside and renamed: workers that start together never load half a file.
  const partial = `${target}.${process.pid}.${Math.trunc(performance.now() * 1000)}`;
  const sources = files.filter((file) => file.endsWith('.c')).map((file) => path.join(SOURCES, file));
  const result = spawnSync(compiler, [...FLAGS, `-I${headers}`, '-o', partial, ...sources], {
    timeout: BUILD_TIMEOUT_MS,
  });
  if (result.status !== 0) {
    rmSync(partial, { force: true });
    return undefined;
  }
  renameSync(partial, target);
  return target;
}

/** The addon, built when needed; undefined where it cannot be. */
export function loadNativeAddon(): NativeAddon | undefined {
  if (loaded === undefined) {
    try {
      const file = build();
      loaded = file === undefined ? null : (require(file) as NativeAddon);
      loadedFrom = path.basename(file ?? '');
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

/** The addon's name in the cache: another one for other sources, another compiler or another processor. Empty where there is none. */
export function nativeAddonName(): string {
  return loadNativeAddon() === undefined ? '' : loadedFrom;
}
