/** Compiles generated C for this computer and runs it. Programs are cached by the content of their sources. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REQUIRED_FLAGS } from '../codegen/emit/emit-build-files.ts';
import { type CSources, emitC } from '../codegen/emit/emit-c.ts';
import type { Program } from '../codegen/program.ts';
import { BuildError } from './build-error.ts';
import { buildFolder } from './build-folder.ts';
import { compileObjects, runCompiler } from './compile-objects.ts';
import { hostRunnerSource } from './host-runner.ts';
import { runCommand } from './run-command.ts';
import { confine, detectSandbox } from './sandbox.ts';
import { sourceHash } from './source-hash.ts';
import { hostToolchain, isMissing, type MissingToolchain } from './toolchain.ts';
import { writeSources } from './write-sources.ts';

export interface HostProgram {
  readonly kind: 'built';
  /** Path of the executable. */
  readonly executable: string;
  readonly program: Program;
  readonly compiler: string;
  /** How the compiler was confined. */
  readonly sandbox: string;
  readonly cached: boolean;
}

export type HostBuild = HostProgram | ({ readonly kind: 'missing' } & MissingToolchain);

/** The pinned flags of every build for this computer. */
export const HOST_FLAGS = [...REQUIRED_FLAGS, '-O2', '-Wall', '-Wextra', '-Werror'];
const MIB = 1024 * 1024;

/** Builds the program with its runner below `folder` (a cache, shared by all builds). Throws BuildError when the compiler refuses. */
export async function buildHost(
  program: Program,
  folder: string,
  sources: CSources = emitC(program),
): Promise<HostBuild> {
  const toolchain = hostToolchain();
  if (isMissing(toolchain)) return { kind: 'missing', ...toolchain };
  const runner = { path: 'host_main.c', text: hostRunnerSource(program.prefix, program.inputs, program.outputs) };
  const files = [...sources.files.filter(({ path }) => /\.[ch]$/.test(path)), runner];
  const key = sourceHash(files, toolchain.version, HOST_FLAGS.join(' '));
  const root = resolve(folder);
  const home = join(root, `host-${key.slice(0, 32)}`);
  const executable = join(home, 'run');
  const sandbox = detectSandbox().description;
  const built = { kind: 'built' as const, executable, program, compiler: toolchain.version, sandbox };
  if (existsSync(executable)) return { ...built, cached: true };
  const job = { compiler: toolchain.compiler, compilerVersion: toolchain.version, flags: HOST_FLAGS, files };
  await buildFolder(home, async (work) => {
    await writeSources(files, work);
    const objects = await compileObjects({ ...job, work, store: join(root, 'objects') });
    await runCompiler(toolchain.compiler, [...HOST_FLAGS, '-o', 'run', ...objects], work);
  });
  return { ...built, cached: false };
}

export interface HostRun {
  /** One entry per inference: the bytes of each output. */
  readonly outputs: readonly (readonly Uint8Array[])[];
  readonly nanoseconds: readonly number[];
}

export interface HostRunOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Runs one inference per entry of `samples` (the bytes of each input). Throws BuildError when the program fails. */
export async function runHost(
  built: HostProgram,
  samples: readonly (readonly Uint8Array[])[],
  options: HostRunOptions = {},
): Promise<HostRun> {
  const { inputs, outputs } = built.program;
  const count = Buffer.alloc(4);
  count.writeUInt32LE(samples.length);
  for (const sample of samples) checkSample(built.program, sample);
  const timeoutMs = options.timeoutMs ?? 120_000;
  const { program, args } = confine(built.executable, [], {
    folder: join(built.executable, '..'),
    cpuSeconds: Math.ceil(timeoutMs / 1000),
    memoryBytes: 4096 * MIB,
    fileBytes: MIB,
  });
  const result = await runCommand(program, args, {
    cwd: join(built.executable, '..'),
    input: Buffer.concat([count, ...samples.flat()]),
    timeoutMs,
    maxOutputBytes: 1024 * MIB,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const frame = outputs.reduce((sum, { bytes }) => sum + bytes, 8);
  if (result.code !== 0 || result.stdout.length !== frame * samples.length) {
    const why = result.ended ?? `exit ${result.code}, ${result.stdout.length} bytes`;
    throw new BuildError(
      `the generated program failed on ${inputs.length} input(s) (${why}): ${result.stderr.slice(0, 1000)}`,
    );
  }
  return parseFrames(result.stdout, built.program, samples.length);
}

function checkSample(program: Program, sample: readonly Uint8Array[]): void {
  program.inputs.forEach((input, index) => {
    const given = sample[index]?.byteLength ?? 0;
    if (given !== input.bytes) {
      throw new RangeError(`input ${JSON.stringify(input.name)} takes ${input.bytes} bytes, got ${given}`);
    }
  });
}

function parseFrames(bytes: Buffer, program: Program, count: number): HostRun {
  const outputs: Uint8Array[][] = [];
  const nanoseconds: number[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const values: Uint8Array[] = [];
    for (const output of program.outputs) {
      values.push(Uint8Array.from(bytes.subarray(at, at + output.bytes)));
      at += output.bytes;
    }
    nanoseconds.push(Number(bytes.readBigUInt64LE(at)));
    at += 8;
    outputs.push(values);
  }
  return { outputs, nanoseconds };
}
