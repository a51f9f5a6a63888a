/**
 * Many small networks compiled for this computer into one program: the functions of runtime-c are compiled and linked once.
 * Protocol: argument = index of the network; stdin = uint32 count, then the inputs of each inference; stdout = their outputs.
 */
import { join, resolve } from 'node:path';
import { BuildError } from '../../evaluators/build/build-error.ts';
import { buildFolder } from '../../evaluators/build/build-folder.ts';
import { HOST_FLAGS } from '../../evaluators/build/build-host.ts';
import { compileObjects, runCompiler } from '../../evaluators/build/compile-objects.ts';
import { runCommand } from '../../evaluators/build/run-command.ts';
import { confine } from '../../evaluators/build/sandbox.ts';
import { hostToolchain, isMissing } from '../../evaluators/build/toolchain.ts';
import { writeSources } from '../../evaluators/build/write-sources.ts';
import { emitC } from '../../evaluators/codegen/emit/emit-c.ts';
import type { SourceFile } from '../../evaluators/codegen/emit/source-file.ts';
import type { Program } from '../../evaluators/codegen/program.ts';

/** Bytes of every input (or output) of every inference. */
export type Samples = readonly (readonly Uint8Array[])[];

export interface HostBatch {
  /** Runs the network at `index`. Throws BuildError when it crashes or takes too long. */
  run(index: number, samples: Samples): Promise<Samples>;
}

/** Programs must have distinct prefixes. Throws BuildError when the compiler refuses one of them. */
export async function buildHostBatch(programs: readonly Program[], folder: string): Promise<HostBatch> {
  const toolchain = hostToolchain();
  if (isMissing(toolchain)) throw new Error(`${toolchain.missing} is missing`);
  const sources = new Map<string, SourceFile>();
  for (const program of programs) {
    for (const file of emitC(program).files) if (/\.[ch]$/.test(file.path)) sources.set(file.path, file);
  }
  sources.set('batch_main.c', { path: 'batch_main.c', text: mainSource(programs) });
  const files = [...sources.values()];
  const job = { compiler: toolchain.compiler, compilerVersion: toolchain.version, flags: HOST_FLAGS };
  const home = resolve(folder, `batch-${process.pid}-${Math.floor(performance.now() * 1000)}`);
  await buildFolder(home, async (work) => {
    await writeSources(files, work);
    const store = resolve(folder, 'objects');
    const library = files.filter(({ path }) => path.startsWith('dnnrt/'));
    const objects = [...(await compileObjects({ ...job, files: library, work, store }))];
    for (const { prefix } of programs) {
      // A network sees its own headers and the library's, so its object does not depend on the rest of the batch.
      const own = files.filter(
        ({ path }) => path === `${prefix}.c` || path === `${prefix}.h` || path === `${prefix}_weights.h`,
      );
      const headers = library.filter(({ path }) => path.endsWith('.h'));
      objects.push(...(await compileObjects({ ...job, files: [...own, ...headers], work, store })));
    }
    await runCompiler(toolchain.compiler, ['-O0', '-I.', '-o', 'run', 'batch_main.c', ...objects], work);
  });
  return { run: (index, samples) => runOne(join(home, 'run'), home, index, programs[index], samples) };
}

function mainSource(programs: readonly Program[]): string {
  const runner = ({ prefix, inputs, outputs }: Program): string[] => [
    `static int run_${prefix}(void) {`,
    `  ${prefix}_io_t io;`,
    '  uint32_t count;',
    `  ${prefix}_setup(&io);`,
    '  if (fread(&count, sizeof count, 1, stdin) != 1) return 1;',
    '  for (uint32_t i = 0; i < count; i++) {',
    ...inputs.map(({ id, bytes }) => `    if (fread(io.${id}, 1, ${bytes}, stdin) != ${bytes}) return 1;`),
    `    ${prefix}_infer(${[...inputs, ...outputs].map(() => '0').join(', ')});`,
    ...outputs.map(({ id, bytes }) => `    if (fwrite(io.${id}, 1, ${bytes}, stdout) != ${bytes}) return 1;`),
    '  }',
    '  return 0;',
    '}',
  ];
  return [
    '#include <stdint.h>',
    '#include <stdio.h>',
    '#include <stdlib.h>',
    ...programs.map(({ prefix }) => `#include "${prefix}.h"`),
    ...programs.flatMap(runner),
    'int main(int argc, char **argv) {',
    '  switch (argc > 1 ? atoi(argv[1]) : -1) {',
    ...programs.map(({ prefix }, index) => `  case ${index}: return run_${prefix}();`),
    '  }',
    '  return 2;',
    '}',
    '',
  ].join('\n');
}

async function runOne(
  executable: string,
  folder: string,
  index: number,
  program: Program | undefined,
  samples: Samples,
): Promise<Samples> {
  if (program === undefined) throw new RangeError(`no network ${index}`);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(samples.length);
  const limits = { folder, cpuSeconds: 60, memoryBytes: 2 ** 32, fileBytes: 2 ** 20 };
  const command = confine(executable, [String(index)], limits);
  const result = await runCommand(command.program, command.args, {
    cwd: folder,
    input: Buffer.concat([count, ...samples.flat()]),
    timeoutMs: 60_000,
  });
  const frame = program.outputs.reduce((sum, { bytes }) => sum + bytes, 0);
  if (result.code !== 0 || result.stdout.length !== frame * samples.length) {
    throw new BuildError(`${result.ended ?? `exit ${result.code}, ${result.stdout.length} bytes`} ${result.stderr}`);
  }
  let at = 0;
  return samples.map(() =>
    program.outputs.map(({ bytes }) => {
      at += bytes;
      return Uint8Array.from(result.stdout.subarray(at - bytes, at));
    }),
  );
}
