/** Many small networks in one image on a virtual core: cycles of every kernel call of each. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armFlags, armToolchain, type BoardSpec, emitC, isMissing, type Program } from '@tinypareto/evaluators';
import { readElf, VirtualCore } from '@tinypareto/hw-agents/virtual';
import { compileObjects, runCompiler } from '../../evaluators/build/compile-objects.ts';
import { linkerScript } from '../../evaluators/build/linker-script.ts';
import { writeSources } from '../../evaluators/build/write-sources.ts';
import type { SourceFile } from '../../evaluators/codegen/emit/source-file.ts';
import { entryKeeping } from './entry-keeping.ts';

const MIB = 1 << 20;
const FLASH_BYTES = 48 * MIB;
const RAM_BYTES = 24 * MIB;
const RAM_BASE = 0x20000000;

export interface BatchRun {
  readonly cycles: number;
  /** One entry per step of the program. */
  readonly steps: readonly number[];
  /** Words of data that each step reads from flash. */
  readonly stepWords: readonly number[];
}

/** Prefixes are distinct. Inputs are filled with `fill(bytes of the port, port index)`; the second of two inferences counts. */
export async function runBatchOnCore(
  programs: readonly Program[],
  board: BoardSpec,
  fill: (program: Program, input: number) => Uint8Array,
): Promise<readonly BatchRun[]> {
  const image = readElf(await build(programs, board));
  const core = new VirtualCore(
    board.core === 'cortex-m4f' ? 'cortex-m4' : 'cortex-m0plus',
    { flashBase: 0x10000000, flashBytes: FLASH_BYTES, ramBase: RAM_BASE, ramBytes: RAM_BYTES + 4 * MIB },
    { kind: 'zeroWait' },
  );
  const address = (name: string): number => {
    const symbol = image.symbols.get(name);
    if (symbol === undefined) throw new Error(`the image has no ${name}`);
    return symbol.address;
  };
  core.load(image);
  const stackTop = RAM_BASE + RAM_BYTES + MIB;
  return programs.map((program) => {
    let place = stackTop;
    const reserve = (bytes: number): number => {
      place += Math.ceil(bytes / 16) * 16;
      return place - Math.ceil(bytes / 16) * 16;
    };
    const inputs = program.inputs.map((port, index) => {
      const at = reserve(port.bytes);
      core.memory.bytesAt(at, port.bytes).set(fill(program, index));
      return at;
    });
    const places = [...inputs, ...program.outputs.map(({ bytes }) => reserve(bytes))];
    const watch = new Map(program.steps.map((step) => [address(step.kernel), step.kernel]));
    const infer = () => core.call(address(`${program.prefix}_infer`), places, { stackTop, maxCycles: 1e10, watch });
    core.call(address(`${program.prefix}_setup`), [0], { stackTop, maxCycles: 1e8 });
    infer();
    const run = infer();
    const calls = run.profile.filter(({ depth }) => depth === 0);
    if (calls.length !== program.steps.length)
      throw new Error(`${program.prefix}: ${calls.length} calls instead of ${program.steps.length}`);
    return {
      cycles: run.cycles,
      steps: calls.map(({ cycles }) => cycles),
      stepWords: calls.map(({ flashDataWords }) => flashDataWords),
    };
  });
}

async function build(programs: readonly Program[], board: BoardSpec): Promise<Uint8Array> {
  const toolchain = armToolchain();
  if (isMissing(toolchain)) throw new Error(`${toolchain.missing} is missing: ${toolchain.hint}`);
  const flags = armFlags(board);
  const job = { compiler: toolchain.compiler, compilerVersion: toolchain.version, flags };
  const work = await mkdtemp(join(tmpdir(), 'tinypareto-batch-'));
  const store = join(tmpdir(), 'tinypareto-objects');
  try {
    const library = new Map<string, SourceFile>();
    const own = programs.map((program) => {
      const files = emitC(program).files.filter(({ path }) => /\.[ch]$/.test(path));
      for (const file of files) if (file.path.startsWith('dnnrt/')) library.set(file.path, file);
      return files.filter(({ path }) => !path.startsWith('dnnrt/'));
    });
    const files = [...library.values()];
    const headers = files.filter(({ path }) => path.endsWith('.h'));
    await writeSources([...files, ...own.flat()], work);
    const objects = [...(await compileObjects({ ...job, files, work, store }))];
    for (const sources of own)
      objects.push(...(await compileObjects({ ...job, files: [...sources, ...headers], work, store })));
    await writeFile(join(work, 'network.ld'), linkerScript({ ...board, flashBytes: FLASH_BYTES, ramBytes: RAM_BYTES }));
    await writeFile(
      join(work, 'entry.c'),
      entryKeeping(programs.flatMap(({ prefix }) => [`${prefix}_setup`, `${prefix}_infer`])),
    );
    await runCompiler(
      job.compiler,
      [
        ...flags,
        '-I.',
        '-nostartfiles',
        '--specs=nano.specs',
        '-T',
        'network.ld',
        '-o',
        'batch.elf',
        'entry.c',
        ...objects,
      ],
      work,
    );
    return await readFile(join(work, 'batch.elf'));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
