/**
 * Cross-compiles a network for a Cortex-M board and links it without startup code: an ELF file whose sections are the network's
 * own, and nothing else. ROM = .text + .rodata + .data, RAM = .data + .bss. Counted are the generated code, the functions of runtime-c
 * that it calls, the compiler's support routines (software float, 64-bit arithmetic), memcpy and memset. Not counted: startup
 * code, vector table, stack.
 *
 * -O2: -O3 only unrolls what runtime-c unrolls by hand where it pays, -Os keeps the inner loops from being scheduled.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BoardSpec } from '../board-spec.ts';
import { REQUIRED_FLAGS } from '../codegen/emit/emit-build-files.ts';
import { type CSources, emitC } from '../codegen/emit/emit-c.ts';
import type { Program } from '../codegen/program.ts';
import { buildFolder } from './build-folder.ts';
import { compileObjects, type ObjectJob, runCompiler } from './compile-objects.ts';
import { elfSections } from './elf-sections.ts';
import { entrySource, linkerScript } from './linker-script.ts';
import { detectSandbox } from './sandbox.ts';
import { sourceHash } from './source-hash.ts';
import { armToolchain, isMissing, type MissingToolchain } from './toolchain.ts';
import { writeSources } from './write-sources.ts';

export interface LinkedSizes {
  readonly text: number;
  readonly rodata: number;
  readonly data: number;
  readonly bss: number;
}

export interface ArmProgram {
  readonly kind: 'built';
  readonly elf: Uint8Array;
  /** Linker map: which object contributed what. */
  readonly map: string;
  readonly linked: LinkedSizes;
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly sandbox: string;
  readonly cached: boolean;
}

export type ArmBuild = ArmProgram | ({ readonly kind: 'missing' } & MissingToolchain);

/** The pinned flags of every build for `board`. */
export function armFlags(board: BoardSpec): readonly string[] {
  return [
    ...board.compilerFlags,
    ...REQUIRED_FLAGS,
    '-O2',
    '-ffunction-sections',
    '-fdata-sections',
    '-fno-section-anchors',
    '-fno-common',
    '-fno-unwind-tables',
    '-fno-asynchronous-unwind-tables',
    '-ffreestanding',
    '-fno-tree-loop-distribute-patterns',
    '-Wall',
    '-Wextra',
    '-Werror',
  ];
}

/** Builds below `folder` (a cache shared by all builds). Throws BuildError when compiler or linker refuse, for example on a full memory. */
export async function buildArm(
  program: Program,
  board: BoardSpec,
  folder: string,
  sources: CSources = emitC(program),
): Promise<ArmBuild> {
  const toolchain = armToolchain();
  if (isMissing(toolchain)) return { kind: 'missing', ...toolchain };
  const flags = armFlags(board);
  const files = [
    ...sources.files.filter(({ path }) => /\.[ch]$/.test(path)),
    { path: 'arm_entry.c', text: entrySource(program.prefix, program.inputs.length + program.outputs.length) },
    { path: 'network.ld', text: linkerScript(board) },
  ];
  const home = join(resolve(folder), `arm-${sourceHash(files, toolchain.version, flags.join(' ')).slice(0, 32)}`);
  const cached = existsSync(join(home, 'network.elf'));
  if (!cached) {
    const job = { compiler: toolchain.compiler, compilerVersion: toolchain.version, flags, files };
    await buildFolder(home, (work) => compileAndLink({ ...job, work, store: join(resolve(folder), 'objects') }));
  }
  const elf = await readFile(join(home, 'network.elf'));
  return {
    kind: 'built',
    elf,
    map: await readFile(join(home, 'network.map'), 'utf8'),
    linked: linkedSizes(elf),
    compiler: toolchain.version,
    flags,
    sandbox: detectSandbox().description,
    cached,
  };
}

async function compileAndLink(job: ObjectJob): Promise<void> {
  await writeSources(job.files, job.work);
  const objects = await compileObjects(job);
  const link = ['-nostartfiles', '-Wl,--gc-sections', '-Wl,-Map=network.map', '-T', 'network.ld', '--specs=nano.specs'];
  await runCompiler(job.compiler, [...job.flags, ...link, '-o', 'network.elf', ...objects], job.work);
}

function linkedSizes(elf: Uint8Array): LinkedSizes {
  const sections = elfSections(elf);
  const size = (name: string) => sections.get(name) ?? 0;
  return { text: size('.text'), rodata: size('.rodata'), data: size('.hot') + size('.data'), bss: size('.bss') };
}
