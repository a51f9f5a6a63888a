/**
 * Measures runtime-c for the size model: compiles every function for each core with the pinned flags, links it alone and
 * reads from the linker map which pieces (its own sections, constants, compiler support routines) it brings along. Writes
 * evaluators/codegen/size-model/<core>.json; with `--check` a difference is an error. Needs arm-none-eabi-gcc.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { BoardSpec } from '../evaluators/board-spec.ts';
import { armFlags } from '../evaluators/build/build-arm.ts';
import { linkerScript } from '../evaluators/build/linker-script.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNTIME = join(ROOT, 'runtime-c');
const BOARDS = ['pico', 'nano33ble'];
const LIBC = ['memcpy', 'memset'];

interface Piece {
  readonly section: string;
  readonly bytes: number;
}

interface SizeModel {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly pieces: Readonly<Record<string, Piece>>;
  readonly functions: Readonly<Record<string, readonly string[]>>;
}

interface Manifest {
  readonly functions: Readonly<Record<string, { readonly file: string; readonly calls: readonly string[] }>>;
}

const OUTPUT_SECTIONS = new Set(['.text', '.rodata', '.data', '.bss']);

/** Contributions of input sections to the output sections of a linker map, apart from those of `stub.o`. */
function piecesOf(map: string): Map<string, Piece> {
  const body = map.slice(map.indexOf('Linker script and memory map'));
  const pieces = new Map<string, Piece>();
  let output = '';
  for (const line of body.replaceAll(/\n {10,}(0x\S+\s+0x\S+ )/g, ' $1').split('\n')) {
    const start = /^(\.\w+)\s+0x/.exec(line) ?? /^(\.\w+)$/.exec(line);
    if (start?.[1] !== undefined) output = start[1];
    const entry = /^ (\S+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$/.exec(line);
    if (entry?.[1] === undefined || entry[2] === undefined || entry[3] === undefined) continue;
    const bytes = Number.parseInt(entry[2], 16);
    const object = entry[3].replace(/^.*\//, '').replace(/^lib(\w+)\.a\((.*)\)$/, '$1/$2');
    if (bytes === 0 || object === 'stub.o' || !OUTPUT_SECTIONS.has(output)) continue;
    const id = `${object}:${entry[1]}`;
    pieces.set(id, { section: output.slice(1), bytes: bytes + (pieces.get(id)?.bytes ?? 0) });
  }
  return pieces;
}

function measure(board: BoardSpec): SizeModel {
  const folder = mkdtempSync(join(tmpdir(), 'dnnrt-sizes-'));
  const gcc = (...args: string[]) =>
    execFileSync('arm-none-eabi-gcc', args, { cwd: folder, encoding: 'utf8', maxBuffer: 1e8 });
  const flags = armFlags(board);
  const { functions } = JSON.parse(readFileSync(join(RUNTIME, 'manifest.json'), 'utf8')) as Manifest;
  try {
    writeFileSync(join(folder, 'network.ld'), linkerScript(board));
    const include = ['-I', join(RUNTIME, 'include'), '-I', join(RUNTIME, 'src')];
    const names = Object.keys(functions);
    gcc(...flags, ...include, '-c', ...names.map((name) => join(RUNTIME, functions[name]?.file ?? '')));
    const pieces = new Map<string, Piece>();
    const needs: Record<string, string[]> = {};
    for (const name of [...names, ...LIBC]) {
      writeFileSync(
        join(folder, 'stub.c'),
        `extern void ${name}();\nvoid network_entry(void);\n__attribute__((section(".entry"), used)) void network_entry(void) { ((void (*)(void))${name})(); }\n`,
      );
      gcc(...flags, '-fno-builtin', '-Wno-strict-prototypes', '-Wno-cast-function-type', '-c', 'stub.c');
      const objects = names.map(
        (other) => `${(functions[other]?.file ?? '').replace(/^.*\//, '').replace(/\.c$/, '.o')}`,
      );
      gcc(
        ...flags,
        '-nostartfiles',
        '--specs=nano.specs',
        '-Wl,--gc-sections',
        '-Wl,-Map=out.map',
        '-T',
        'network.ld',
        '-o',
        'out.elf',
        'stub.o',
        ...objects,
      );
      const found = piecesOf(readFileSync(join(folder, 'out.map'), 'utf8'));
      for (const [id, piece] of found) pieces.set(id, piece);
      needs[name] = [...found.keys()].sort();
    }
    const version = gcc('--version').split('\n')[0] ?? '';
    return {
      compiler: version,
      flags,
      pieces: Object.fromEntries([...pieces].sort(([a], [b]) => (a < b ? -1 : 1))),
      functions: needs,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const name of BOARDS) {
  const board = parse(readFileSync(join(ROOT, 'config', 'boards', `${name}.yaml`), 'utf8')) as BoardSpec;
  const path = join(ROOT, 'evaluators', 'codegen', 'size-model', `${board.core}.json`);
  const text = `${JSON.stringify(measure(board), null, 1)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (`${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 1)}\n` !== text) {
    console.error(`${path} is not what scripts/measure-runtime-sizes.ts measures`);
    process.exitCode = 1;
  }
}
