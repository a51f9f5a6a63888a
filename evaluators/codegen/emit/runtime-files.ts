/** The files of runtime-c that a program needs, read from disk by the manifest runtime-c/manifest.json. */
import { readFileSync } from 'node:fs';

const ROOT = new URL('../../../runtime-c/', import.meta.url);

interface RuntimeFunction {
  readonly file: string;
  readonly calls: readonly string[];
  /** Its loops may be worth RAM where flash is slow. */
  readonly hot?: boolean;
}

interface Manifest {
  /** Headers that every program gets. */
  readonly headers: readonly string[];
  /** Function -> its source file and the functions that it calls. */
  readonly functions: Readonly<Record<string, RuntimeFunction>>;
}

export interface RuntimeFile {
  /** Path below runtime-c. */
  readonly path: string;
  readonly text: string;
}

let manifest: Manifest | undefined;
const texts = new Map<string, string>();

function readManifest(): Manifest {
  manifest ??= JSON.parse(readText('manifest.json')) as Manifest;
  return manifest;
}

function readText(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  texts.set(path, text);
  return text;
}

/** The named functions and everything that they call, sorted. Throws when runtime-c has no such function. */
export function runtimeClosure(names: Iterable<string>): readonly string[] {
  const { functions } = readManifest();
  const needed = new Set<string>();
  const visit = (name: string) => {
    if (needed.has(name)) return;
    const entry = functions[name];
    if (entry === undefined) throw new Error(`runtime-c has no function ${name}`);
    needed.add(name);
    for (const callee of entry.calls) visit(callee);
  };
  for (const name of names) visit(name);
  return [...needed].sort();
}

/** Those of the named functions and what they call that may be moved to RAM. */
export function hotFunctions(names: Iterable<string>): readonly string[] {
  const { functions } = readManifest();
  return runtimeClosure(names).filter((name) => functions[name].hot === true);
}

/** Headers and sources for the named functions; those in `inRam` go to a section that the start of the program copies to RAM. */
export function runtimeFiles(names: Iterable<string>, inRam: readonly string[] = []): readonly RuntimeFile[] {
  const { headers, functions } = readManifest();
  const sources = runtimeClosure(names).map((name) => ({
    path: functions[name].file,
    before: inRam.includes(name) ? `${inSection(name)}\n` : '',
  }));
  return [...headers.map((path) => ({ path, before: '' })), ...sources].map(({ path, before }) => ({
    path,
    text: before + readText(path),
  }));
}

/** The Pico SDK copies sections of this name to RAM. */
function inSection(name: string): string {
  return `#define DNNRT_HOT __attribute__((section(".time_critical.${name}")))`;
}
