/**
 * Compiles C files to objects inside a work folder. Objects are kept by content beside the finished builds, so the functions of
 * runtime-c are compiled once per compiler and flags, not once per network; what is missing is compiled in parallel.
 */
import { copyFile, link, mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { SourceFile } from '../codegen/emit/source-file.ts';
import { BuildError } from './build-error.ts';
import { runCommand } from './run-command.ts';
import { confine } from './sandbox.ts';
import { sourceHash } from './source-hash.ts';

const MIB = 1024 * 1024;

/** Limits of one compiler run. */
export const COMPILER_LIMITS = {
  cpuSeconds: 300,
  memoryBytes: 4096 * MIB,
  fileBytes: 1024 * MIB,
};

export interface ObjectJob {
  readonly compiler: string;
  /** Part of the key of every object. */
  readonly compilerVersion: string;
  readonly flags: readonly string[];
  /** Sources and headers, already written below `work`; base names of .c files are distinct. */
  readonly files: readonly SourceFile[];
  readonly work: string;
  /** Folder of the kept objects. */
  readonly store: string;
}

/** Leaves an object for every .c file in `work` and gives their names, in the order of the files. Throws BuildError when the compiler refuses. */
export async function compileObjects(job: ObjectJob): Promise<readonly string[]> {
  await mkdir(job.store, { recursive: true });
  const units = job.files
    .filter(({ path }) => path.endsWith('.c'))
    .map((file) => ({ file, object: basename(file.path).replace(/\.c$/, '.o'), kept: keptPath(job, file) }));
  const missing: typeof units = [];
  for (const unit of units) if (!(await share(unit.kept, join(job.work, unit.object)))) missing.push(unit);
  const lanes = Math.min(availableParallelism(), missing.length);
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) =>
      compile(
        job,
        missing.filter((_unit, index) => index % lanes === lane).map(({ file }) => file.path),
      ),
    ),
  );
  for (const unit of missing) await share(join(job.work, unit.object), unit.kept);
  return units.map(({ object }) => object);
}

/** Functions of the library see only the library's headers; every other file sees all. */
function keptPath(job: ObjectJob, unit: SourceFile): string {
  const isLibrary = unit.path.startsWith('dnnrt/');
  const headers = job.files.filter(({ path }) => path.endsWith('.h') && (path.startsWith('dnnrt/') || !isLibrary));
  const key = sourceHash([unit, ...headers], unit.path, job.compilerVersion, job.flags.join(' '));
  return join(job.store, `${key.slice(0, 40)}.o`);
}

/** A second name for a file, or a copy where names cannot be shared; false when there is no such file. */
async function share(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code === 'EEXIST') return true;
    await copyFile(from, to);
    return true;
  }
}

async function compile(job: ObjectJob, paths: readonly string[]): Promise<void> {
  const args = [...job.flags, '-I.', '-Idnnrt/include', '-Idnnrt/src', '-c', ...paths];
  await runCompiler(job.compiler, args, job.work);
}

/** One confined run of compiler or linker in `work`. Throws BuildError when it fails. */
export async function runCompiler(compiler: string, args: readonly string[], work: string): Promise<void> {
  const command = confine(compiler, args, { folder: work, ...COMPILER_LIMITS });
  const result = await runCommand(command.program, command.args, {
    cwd: work,
    timeoutMs: COMPILER_LIMITS.cpuSeconds * 1000,
  });
  if (result.code !== 0) {
    const why = result.ended ?? `exit ${result.code}`;
    throw new BuildError(`${basename(compiler)} failed (${why}): ${result.stderr.slice(0, 4000)}`);
  }
}
