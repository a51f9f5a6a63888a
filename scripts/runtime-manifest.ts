/**
 * Writes runtime-c/manifest.json: which file holds each function of the C library, which other functions it calls, and whether a program may
 * want it in RAM. With
 * `--check` nothing is written and a difference is an error.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', 'runtime-c');

const PROTOTYPE = /^[a-z][^{}=]*?\);$/gm;

/** Functions of the library that `text` names, itself, types and prototypes left out. */
function namesIn(text: string, known: ReadonlySet<string>, self: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(PROTOTYPE, '');
  return [...new Set(code.match(/\bdnnrt_\w+/g) ?? [])].filter((name) => known.has(name) && name !== self).sort();
}

/** Texts of the headers of the library that `text` includes, and of those that these include. */
function includedBy(text: string, inHeader: ReadonlyMap<string, string>, seen = new Set<string>()): string[] {
  return [...text.matchAll(/#include "(dnnrt_\w+\.h)"/g)].flatMap(([, name = '']) => {
    const header = inHeader.get(name);
    if (header === undefined || seen.has(name)) return [];
    seen.add(name);
    return [header, ...includedBy(header, inHeader, seen)];
  });
}

function manifest(): string {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).sort();
  const headers = [
    ...readdirSync(join(root, 'include')).map((file) => `include/${file}`),
    ...files.filter((file) => file.endsWith('.h')).map((file) => `src/${file}`),
  ];
  const sources = files.filter((file) => file.endsWith('.c'));
  const nameOf = (file: string) => file.replace(/^.*\//, '').replace(/\.c$/, '');
  const known = new Set(sources.map(nameOf));
  const inHeader = new Map(
    headers
      .filter((header) => header.startsWith('src/'))
      .map((header) => [header.replace(/^.*\//, ''), readFileSync(join(root, header), 'utf8')]),
  );
  const functions = Object.fromEntries(
    sources.map((file) => {
      const text = readFileSync(join(root, 'src', file), 'utf8');
      const included = includedBy(text, inHeader);
      const inline = included.flatMap((header) => namesIn(header, known, nameOf(file)));
      const calls = [...new Set([...namesIn(text, known, nameOf(file)), ...inline])].sort();
      return [nameOf(file), { file: `src/${file}`, calls, ...(/\bDNNRT_HOT\b/.test(text) ? { hot: true } : {}) }];
    }),
  );
  return `${JSON.stringify({ headers: headers.sort(), functions }, null, 2)}\n`;
}

const path = join(root, 'manifest.json');
const text = manifest();
if (process.argv.includes('--check')) {
  if (`${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 2)}\n` !== text) {
    console.error('runtime-c/manifest.json is not what scripts/runtime-manifest.ts writes');
    process.exit(1);
  }
} else writeFileSync(path, text);
