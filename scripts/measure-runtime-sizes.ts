/**
 * Measures runtime-c for the size model: compiles every function for each core with the pinned flags, links all of them once
 * and reads from linker map and relocations which pieces (its own sections, constants, compiler support routines) each function
 * brings along. Writes evaluators/codegen/predict/size-model/<core>.json (then format it with biome); with `--check` a difference is an error. Needs
 * arm-none-eabi-gcc. Objects are kept in the temporary folder, so that only what changed is compiled again.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { entryKeeping } from '../bench/support/entry-keeping.ts';
import type { BoardSpec } from '../evaluators/board-spec.ts';
import { armFlags } from '../evaluators/build/build-arm.ts';
import { compileObjects } from '../evaluators/build/compile-objects.ts';
import { linkerScript } from '../evaluators/build/linker-script.ts';
import { armToolchain, isMissing } from '../evaluators/build/toolchain.ts';
import { writeSources } from '../evaluators/build/write-sources.ts';
import { hotFunctions, runtimeFiles } from '../evaluators/codegen/emit/runtime-files.ts';
import { closureOf, linkedPieces } from './linked-pieces.ts';

const ROOT = join(import.meta.dirname, '..');
const BOARDS = ['pico', 'nano33ble'];
const LIBC = ['memcpy', 'memset'];

interface SizeModel {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly pieces: Readonly<Record<string, { readonly section: string; readonly bytes: number }>>;
  readonly functions: Readonly<Record<string, readonly string[]>>;
  /** Calls into and out of functions that may be moved to RAM: piece -> `piece+offset`. */
  readonly calls: Readonly<Record<string, readonly string[]>>;
}

/** The calls that one of the named functions makes or takes. */
function callsOfHot(
  calls: ReadonlyMap<string, ReadonlySet<string>>,
  used: ReadonlySet<string>,
  hot: readonly string[],
): Record<string, readonly string[]> {
  const isHot = (piece: string) => hot.includes(piece.slice(0, piece.indexOf('.o:')));
  const kept = [...calls].flatMap(([from, targets]) => {
    const list = used.has(from) ? [...targets].filter((target) => isHot(from) || isHot(target)).sort() : [];
    return list.length === 0 ? [] : [[from, list] as const];
  });
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function measure(board: BoardSpec): Promise<SizeModel> {
  const toolchain = armToolchain();
  if (isMissing(toolchain)) throw new Error(`${toolchain.missing}: ${toolchain.hint}`);
  const flags = armFlags(board);
  const manifest = JSON.parse(readFileSync(join(ROOT, 'runtime-c', 'manifest.json'), 'utf8')) as {
    readonly functions: Readonly<Record<string, unknown>>;
  };
  const names = [...Object.keys(manifest.functions), ...LIBC];
  const files = runtimeFiles(Object.keys(manifest.functions)).map(({ path, text }) => ({
    path: `dnnrt/${path}`,
    text,
  }));
  const work = mkdtempSync(join(tmpdir(), 'dnnrt-sizes-'));
  try {
    await writeSources(files, work);
    const store = join(tmpdir(), 'tinypareto-objects');
    const { compiler, version } = toolchain;
    const objects = await compileObjects({ compiler, compilerVersion: version, flags, files, work, store });
    const gcc = (...args: string[]) => execFileSync(compiler, args, { cwd: work, encoding: 'utf8', maxBuffer: 1e8 });
    writeFileSync(join(work, 'network.ld'), linkerScript(board));
    writeFileSync(join(work, 'entry.c'), entryKeeping(names));
    gcc(...flags, '-fno-builtin', '-c', 'entry.c');
    const link = ['-nostartfiles', '--specs=nano.specs', '-Wl,--gc-sections', '-Wl,--emit-relocs', '-Wl,-Map=out.map'];
    gcc(...flags, ...link, '-T', 'network.ld', '-o', 'out.elf', 'entry.o', ...objects);
    const linked = linkedPieces(readFileSync(join(work, 'out.elf')), readFileSync(join(work, 'out.map'), 'utf8'));
    const functions = Object.fromEntries(
      names.map((name) => {
        const start = linked.pieceOf(name);
        if (start === undefined) throw new Error(`${name} is not in the linked file`);
        return [name, closureOf([start], linked.refers)];
      }),
    );
    const used = new Set(Object.values(functions).flat());
    const pieces = [...linked.pieces].filter(([id]) => used.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      compiler: gcc('--version').split('\n')[0] ?? '',
      flags,
      pieces: Object.fromEntries(pieces.map(([id, { section, bytes }]) => [id, { section, bytes }])),
      functions,
      calls: callsOfHot(linked.calls, used, hotFunctions(Object.keys(manifest.functions))),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

for (const name of BOARDS) {
  const board = parse(readFileSync(join(ROOT, 'config', 'boards', `${name}.yaml`), 'utf8')) as BoardSpec;
  const path = join(ROOT, 'evaluators', 'codegen', 'predict', 'size-model', `${board.core}.json`);
  const text = `${JSON.stringify(await measure(board), null, 1)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (`${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 1)}\n` !== text) {
    console.error(`${path} is not what scripts/measure-runtime-sizes.ts measures`);
    process.exitCode = 1;
  }
}
