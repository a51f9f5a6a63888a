/**
 * The house rules, enforced: which room may import which (docs/architecture.md, "Rooms"), one door per room, order inside
 * a room, no cycles, file names, and words that do not belong in the code.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ROOMS = ['optimizer', 'evaluators', 'hw-agents', 'src'] as const;

/** Inside a room a folder may import itself and the folders of earlier groups. */
const ORDER: Readonly<Record<(typeof ROOMS)[number], readonly (readonly string[])[]>> = {
  optimizer: [['math', 'linalg'], ['space', 'pareto'], ['gp'], ['acquisition'], ['samplers', 'problems']],
  evaluators: [
    ['board-spec.ts', 'outcome.ts', 'compression-plan.ts', 'ir'],
    ['ops'],
    ['onnx', 'passes'],
    ['train'],
    ['compress'],
    ['memory'],
    ['codegen'],
    ['build'],
    ['pipeline'],
  ],
  'hw-agents': [['protocol'], ['client', 'board'], ['virtual', 'drivers'], ['agent']],
  src: [
    ['errors.ts', 'contract'],
    ['trial'],
    ['store', 'engine'],
    ['study'],
    ['runner'],
    ['http'],
    ['app.ts'],
    ['cli'],
    ['main.ts'],
  ],
};

/** Packages of other rooms that a room may import: their doors. */
const PACKAGES: Readonly<Record<(typeof ROOMS)[number], readonly string[]>> = {
  optimizer: [],
  evaluators: ['@tinypareto/hw-agents/client', '@tinypareto/hw-agents/virtual'],
  'hw-agents': [],
  src: [
    '@tinypareto/optimizer',
    '@tinypareto/evaluators',
    '@tinypareto/hw-agents/protocol',
    '@tinypareto/hw-agents/client',
    '@tinypareto/hw-agents/agent',
    '@tinypareto/hw-agents/virtual',
  ],
};

interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules') && !file.includes('generated'));
}

function read(file: string): SourceFile {
  const text = readFileSync(path.join(root, file), 'utf8');
  const imports = [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
    ),
  ];
  return { file, text, imports: imports.map((match) => match[1] ?? match[2] ?? match[3] ?? '') };
}

const sources = new Map(ROOMS.map((room) => [room, filesBelow(room).map(read)] as const));

/** The folder (or top-level file) of a room that a file belongs to. */
function wing(room: string, file: string): string {
  return path.relative(room, file).split(path.sep)[0] ?? '';
}

function level(room: (typeof ROOMS)[number], name: string): number {
  return ORDER[room].findIndex((group) => group.includes(name));
}

describe('architecture', () => {
  for (const room of ROOMS) {
    it(`${room}: imports stay inside the room or go through a door`, () => {
      const wrong: string[] = [];
      for (const { file, imports } of sources.get(room) ?? []) {
        for (const name of imports) {
          if (name.startsWith('@tinypareto/') && !PACKAGES[room].includes(name)) wrong.push(`${file} imports ${name}`);
          if (!name.startsWith('.')) continue;
          const target = path.relative(root, path.resolve(root, path.dirname(file), name));
          if (!target.startsWith(`${room}${path.sep}`)) wrong.push(`${file} reaches past the door: ${name}`);
        }
      }
      assert.deepEqual(wrong, []);
    });

    it(`${room}: folders import only what lies before them`, () => {
      const wrong: string[] = [];
      for (const { file, imports } of sources.get(room) ?? []) {
        const from = wing(room, file);
        if (from === 'index.ts' || !imports.some((name) => name.startsWith('.'))) continue;
        const own = level(room, from);
        if (own < 0) {
          wrong.push(`${file}: "${from}" has no place in the order of ${room}`);
          continue;
        }
        for (const name of imports.filter((each) => each.startsWith('.'))) {
          const target = wing(room, path.relative(root, path.resolve(root, path.dirname(file), name)));
          if (target === from) continue;
          const other = level(room, target);
          if (other < 0 || other > own || (other === own && target !== from && !sameGroupAllowed(room, own)))
            wrong.push(`${file} (${from}) imports ${name}`);
        }
      }
      assert.deepEqual(wrong, []);
    });

    it(`${room}: files are named in kebab-case and never for a junk drawer`, () => {
      const names = (sources.get(room) ?? []).map(({ file }) => file);
      assert.deepEqual(
        names.filter(
          (file) =>
            !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path.basename(file)) ||
            /\b(utils?|helpers?|common|manager|misc)\b/.test(path.basename(file)),
        ),
        [],
      );
    });
  }

  it('optimizer is pure: no Node modules, no clock, no global random numbers', () => {
    const wrong: string[] = [];
    for (const { file, text, imports } of sources.get('optimizer') ?? []) {
      for (const name of imports) if (!name.startsWith('.')) wrong.push(`${file} imports ${name}`);
      if (/\bMath\.random\b|\bDate\.now\b|\bperformance\.now\b|\bnew Date\b/.test(text))
        wrong.push(`${file} reads a clock or global random numbers`);
    }
    assert.deepEqual(wrong, []);
  });

  it('has no import cycles', () => {
    const graph = new Map<string, string[]>();
    for (const files of sources.values()) {
      for (const { file, imports } of files) {
        graph.set(
          file,
          imports
            .filter((name) => name.startsWith('.'))
            .map((name) => path.relative(root, path.resolve(root, path.dirname(file), name))),
        );
      }
    }
    const done = new Set<string>();
    const visit = (file: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(file), `cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`);
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
  });

  it('states no doubt about types: no any, no non-null assertion, no suppressed check', () => {
    const wrong: string[] = [];
    for (const files of sources.values()) {
      for (const { file, text } of files) {
        if (/@ts-(ignore|expect-error|nocheck)|biome-ignore|: any\b|\bas any\b/.test(text)) wrong.push(file);
      }
    }
    assert.deepEqual(wrong, []);
  });
});

/** Folders that share a group are peers that may not import each other, except where one is built from the other's primitives. */
function sameGroupAllowed(room: string, group: number): boolean {
  return (
    (room === 'optimizer' && (group === 0 || group === 1 || group === 4)) ||
    (room === 'evaluators' && (group === 0 || group === 2)) ||
    (room === 'src' && group <= 2)
  );
}
