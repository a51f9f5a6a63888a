/**
 * `plan buffers.csv`: the memory planner on a MiniMalloc instance (columns id, lower, upper, size). `plan model.onnx`: the plan of a network
 * as it is compiled; `--candidates` lists what its first layers in patches would need. `--svg` draws a plan.
 */
import { writeFile } from 'node:fs/promises';
import type { DrawnBuffer, MemoryBank, MemoryPlan } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { boardNames } from '../../runner/board-names.ts';
import { naming } from '../../runner/input-errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModel } from '../load-model.ts';
import { namingBanks, notFound, parseBanks } from '../memory-banks.ts';
import { addMemoryOptions, describePeak, type MemoryOptions, memoryChoice, namingPatches } from '../memory-options.ts';
import { parseByteCount } from '../parse-options.ts';
import { readPlanTable, type TableBuffer } from '../read-plan-table.ts';
import { renderTable } from '../render-table.ts';

interface PlacedLine extends TableBuffer {
  /** In its bank, where there are several. */
  readonly offset: number;
  /** What it is in the model. */
  readonly name?: string;
}

interface PlanCommandOptions extends MemoryOptions {
  readonly candidates: boolean;
  readonly capacity?: number;
  readonly banks?: readonly MemoryBank[];
  readonly board: string;
  readonly svg?: string;
}

interface Planned {
  readonly plan: MemoryPlan;
  readonly buffers: readonly PlacedLine[];
  /** Whether every buffer found room in a bank. */
  readonly fitsBanks: boolean;
  readonly picture: string;
}

export function addPlanCommand(program: Command, run: RunCommand): void {
  const command = program.command('plan');
  addMemoryOptions(command)
    .description(
      'plan memory: offsets for buffers with lifetimes, of a model or of a MiniMalloc CSV (id,lower,upper,size)',
    )
    .argument('<buffers.csv | model.onnx>')
    .option(
      '--capacity <bytes>',
      'bytes that there are, for example 1048576 or "256 KiB"; more is infeasible',
      parseByteCount,
    )
    .option(
      '--banks <bytes,…>',
      'memory in several stretches, for example 64KiB,4KiB or main=64KiB,scratch=4KiB; a column pool binds buffers to one',
      parseBanks,
    )
    .option('--board <board>', `board that a model is planned for: ${boardNames().join(', ')}`, 'host')
    .option('--candidates', 'of a model: memory and MACs of its first layers in patches, instead of a plan', false)
    .option('--svg <file>', 'draw the plan: time to the right, addresses upwards')
    .action((file: string, options: PlanCommandOptions, command: Command) =>
      run(command, async (context) => {
        if (options.candidates) return listCandidates(file, options);
        const started = performance.now();
        if (/\.onnx$/i.test(file) && options.board === 'host')
          context.note('for this computer, whose kernels need little working memory; --board names a target');
        const { plan, buffers, picture, fitsBanks } = /\.onnx$/i.test(file)
          ? await planModel(file, options)
          : await planTable(file, options);
        const seconds = (performance.now() - started) / 1000;
        if (options.svg !== undefined) await writeFile(options.svg, picture);
        const { peakBytes: peak, lowerBoundBytes: lowerBound, optimal } = plan;
        const where = fitsBanks ? '' : '; the buffers do not fit the banks, this is the plan for one stretch';
        context.note(`peak ${describePeak({ peak, lowerBound, optimal })}${where}`);
        const feasible = fitsBanks && (options.capacity === undefined || plan.peakBytes <= options.capacity);
        return answer(
          {
            feasible,
            peak: plan.peakBytes,
            lowerBound: plan.lowerBoundBytes,
            optimal: plan.optimal,
            strategy: plan.strategy,
            ...(plan.banks === undefined ? {} : { banks: plan.banks }),
            buffers,
            seconds,
          },
          () => table(buffers),
          feasible ? EXIT.done : EXIT.infeasible,
        );
      }),
    );
}

async function planTable(file: string, { capacity, banks }: PlanCommandOptions): Promise<Planned> {
  const { planBanks, planMemory, planSvg } = await import('@tinypareto/evaluators');
  const table = readPlanTable(file);
  const input = table.map(({ id, lower, upper, size, pool }) => {
    return { id: String(id), lower, upper, sizeBytes: size, ...(pool === undefined ? {} : { bank: pool }) };
  });
  const inBanks = banks === undefined ? undefined : namingBanks(file, () => planBanks(input, [], banks));
  if (inBanks?.kind === 'unknown') throw notFound(file);
  const plan =
    inBanks?.kind === 'planned'
      ? inBanks.plan
      : planMemory(input, capacity === undefined ? {} : { capacityBytes: capacity });
  const drawn = table.map(({ id, lower, upper, size }): DrawnBuffer => {
    return { id: String(id), lower, upper, sizeBytes: size, offset: plan.offsets.get(String(id)) ?? 0 };
  });
  const buffers = table.map((buffer, i) => inItsBank({ ...buffer, offset: drawn[i]?.offset ?? 0 }, plan));
  return { plan, buffers, picture: planSvg({ ...plan, buffers: drawn }), fitsBanks: inBanks?.kind !== 'infeasible' };
}

function inItsBank<B extends PlacedLine>(buffer: B, { banks = [] }: MemoryPlan): B {
  const home = banks.findLast(({ start }) => start <= buffer.offset);
  return home === undefined ? buffer : { ...buffer, offset: buffer.offset - home.start, pool: home.name };
}

async function planModel(file: string, options: PlanCommandOptions): Promise<Planned> {
  const { bufferTitle, programPicture } = await import('@tinypareto/evaluators');
  const program = await lowered(file, options);
  const buffers = program.placed.map(({ bytes, ...rest }) =>
    inItsBank({ ...rest, size: bytes, name: bufferTitle(program, rest.id) }, program.memory),
  );
  const { memory: plan, fitsBanks } = program;
  return { plan, buffers, picture: programPicture(program), fitsBanks };
}

async function lowered(file: string, options: PlanCommandOptions) {
  const { lower, simplify } = await import('@tinypareto/evaluators');
  const { findBoard } = await import('../../runner/board-specs.ts');
  const known = findBoard(options.board, '--board');
  const { banks } = options;
  const board =
    banks === undefined
      ? known
      : { ...known, ramBanks: banks, ramBytes: banks.reduce((sum, { bytes }) => sum + bytes, 0) };
  const graph = await loadModel(file);
  return namingPatches(file, () => lower(simplify(graph), board, memoryChoice(options)));
}

async function listCandidates(file: string, options: PlanCommandOptions) {
  const { patchCandidatesOf, simplify } = await import('@tinypareto/evaluators');
  const { findBoard } = await import('../../runner/board-specs.ts');
  const board = findBoard(options.board, '--board');
  const graph = await loadModel(file);
  const candidates = await naming(file, () => patchCandidatesOf(simplify(graph), board));
  return answer({ candidates }, () =>
    renderTable(
      ['layers', 'patches', 'shared rows', 'RAM', 'MACs', 'cycles'].map((title) => ({
        title,
        align: 'right' as const,
      })),
      candidates.map(({ layers, patches, keepsRows, arenaBytes, extraMacs, cycles }) => [
        String(layers),
        String(patches),
        patches === 1 ? '' : keepsRows ? 'kept' : 'again',
        String(arenaBytes),
        `+${extraMacs}`,
        String(cycles),
      ]),
    ),
  );
}

function table(buffers: Planned['buffers']): string {
  const [named, pooled] = [
    buffers.some(({ name }) => name !== undefined),
    buffers.some(({ pool }) => pool !== undefined),
  ];
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    `id,lower,upper,size,offset${pooled ? ',pool' : ''}${named ? ',name' : ''}`,
    ...buffers.map(({ id, lower, upper, size, offset, pool, name }) =>
      [id, lower, upper, size, offset, ...(pooled ? [pool ?? ''] : []), ...(named ? [quoted(name ?? '')] : [])].join(
        ',',
      ),
    ),
  ].join('\n');
}
