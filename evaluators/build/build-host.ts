/** Compiles generated C for this computer and runs it. Programs are cached by the content of their sources. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { REQUIRED_FLAGS } from '../codegen/emit-build-files.ts';
import { type CSources, emitC } from '../codegen/emit-c.ts';
import type { Program } from '../codegen/program.ts';
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

/** The compiler rejected what was generated, or a built program failed: a fault of this project or of the machine. */
export class BuildError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BuildError';
  }
}

const HOST_FLAGS = [...REQUIRED_FLAGS, '-O2', '-Wall', '-Wextra', '-Werror'];
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
  const work = `${home}.${process.pid}.${Math.floor(performance.now() * 1000)}`;
  await mkdir(work, { recursive: true });
  try {
    await writeSources(files, work);
    await compile(
      toolchain.compiler,
      files.map(({ path }) => path).filter((path) => path.endsWith('.c')),
      work,
    );
    await rename(work, home).catch((error: NodeJS.ErrnoException) => {
      // Another build of the same sources was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { ...built, cached: false };
}

async function compile(compiler: string, sources: readonly string[], folder: string): Promise<void> {
  const flags = [...HOST_FLAGS, '-I.', '-Idnnrt/include', '-Idnnrt/src'];
  const { program, args } = confine(compiler, [...flags, '-o', 'run', ...sources], {
    folder,
    cpuSeconds: 300,
    memoryBytes: 4096 * MIB,
    fileBytes: 1024 * MIB,
  });
  const result = await runCommand(program, args, { cwd: folder, timeoutMs: 300_000 });
  if (result.code !== 0)
    throw new BuildError(
      `the host compiler failed (${result.ended ?? `exit ${result.code}`}): ${result.stderr.slice(0, 4000)}`,
    );
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
