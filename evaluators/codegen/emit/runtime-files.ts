/** The files of runtime-c that a program needs, read from disk by the manifest runtime-c/manifest.json. */
import { readFileSync } from 'node:fs';

const ROOT = new URL('../../../runtime-c/', import.meta.url);

interface Manifest {
  /** Headers that every program gets. */
  readonly headers: readonly string[];
  /** Function -> its source file and the functions that it calls. */
  readonly functions: Readonly<Record<string, { readonly file: string; readonly calls: readonly string[] }>>;
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

/** Headers and sources for the named functions. */
export function runtimeFiles(names: Iterable<string>): readonly RuntimeFile[] {
  const { headers, functions } = readManifest();
  const paths = [...headers, ...runtimeClosure(names).map((name) => functions[name].file)];
  return [...new Set(paths)].map((path) => ({ path, text: readText(path) }));
}
