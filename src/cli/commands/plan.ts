/**
 * `plan buffers.csv`: the memory planner on a MiniMalloc instance (columns id, lower, upper, size). `plan model.onnx`: the plan of a network
 * as it is compiled; `--candidates` lists what its first layers in patches would need. `--svg` draws a plan.
 */
import { writeFile } from 'node:fs/promises';
import type { DrawnBuffer, MemoryPlan } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { naming } from '../../runner/input-errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModel } from '../load-model.ts';
import { addMemoryOptions, describePeak, type MemoryOptions, memoryChoice, namingPatches } from '../memory-options.ts';
import { parseByteCount } from '../parse-options.ts';
import { columnIndexes, readNumberTable } from '../read-csv.ts';
import { renderTable } from '../render-table.ts';

interface Buffer {
  readonly id: number | string;
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
  /** What it is in the model. */
  readonly name?: string;
}

interface PlanCommandOptions extends MemoryOptions {
  readonly candidates: boolean;
  readonly capacity?: number;
  readonly board: string;
  readonly svg?: string;
}

interface Planned {
  readonly plan: MemoryPlan;
  readonly buffers: readonly (Buffer & { readonly offset: number })[];
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
    .option('--board <board>', 'board that a model is planned for', 'host')
    .option('--candidates', 'of a model: memory and MACs of its first layers in patches, instead of a plan', false)
    .option('--svg <file>', 'draw the plan: time to the right, addresses upwards')
    .action((file: string, options: PlanCommandOptions, command: Command) =>
      run(command, async (context) => {
        if (options.candidates) return listCandidates(file, options);
        const started = performance.now();
        const { plan, buffers, picture } = /\.onnx$/i.test(file)
          ? await planModel(file, options)
          : await planTable(file, options.capacity);
        const seconds = (performance.now() - started) / 1000;
        if (options.svg !== undefined) await writeFile(options.svg, picture);
        const { peakBytes: peak, lowerBoundBytes: lowerBound, optimal } = plan;
        context.note(`peak ${describePeak({ peak, lowerBound, optimal })}`);
        const feasible = options.capacity === undefined || plan.peakBytes <= options.capacity;
        return answer(
          {
            feasible,
            peak: plan.peakBytes,
            lowerBound: plan.lowerBoundBytes,
            optimal: plan.optimal,
            strategy: plan.strategy,
            buffers,
            seconds,
          },
          () => table(buffers),
          feasible ? EXIT.done : EXIT.infeasible,
        );
      }),
    );
}

async function planTable(file: string, capacity: number | undefined): Promise<Planned> {
  const { planMemory, planSvg } = await import('@tinypareto/evaluators');
  const table = readBuffers(file);
  const plan = planMemory(
    table.map(({ id, lower, upper, size }) => ({ id: String(id), lower, upper, sizeBytes: size })),
    capacity === undefined ? {} : { capacityBytes: capacity },
  );
  const buffers = table.map((buffer) => ({ ...buffer, offset: plan.offsets.get(String(buffer.id)) ?? 0 }));
  const drawn = buffers.map(({ id, lower, upper, size, offset }): DrawnBuffer => {
    return { id: String(id), lower, upper, sizeBytes: size, offset };
  });
  return { plan, buffers, picture: planSvg({ ...plan, buffers: drawn }) };
}

async function planModel(file: string, options: PlanCommandOptions): Promise<Planned> {
  const { bufferTitle, programPicture } = await import('@tinypareto/evaluators');
  const program = await lowered(file, options);
  const buffers = program.placed.map(({ bytes, ...rest }) => ({
    ...rest,
    size: bytes,
    name: bufferTitle(program, rest.id),
  }));
  return { plan: program.memory, buffers, picture: programPicture(program) };
}

async function lowered(file: string, options: PlanCommandOptions) {
  const { lower, simplify } = await import('@tinypareto/evaluators');
  const { findBoard } = await import('../../runner/board-specs.ts');
  const board = findBoard(options.board, '--board');
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
  const named = buffers.some(({ name }) => name !== undefined);
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    `id,lower,upper,size,offset${named ? ',name' : ''}`,
    ...buffers.map(({ id, lower, upper, size, offset, name }) =>
      [id, lower, upper, size, offset, ...(name === undefined ? [] : [quoted(name)])].join(','),
    ),
  ].join('\n');
}

function readBuffers(file: string): Buffer[] {
  const table = readNumberTable(file, ['id']);
  const column = columnIndexes(table, file, ['id', 'lower', 'upper', 'size']);
  const seen = new Set<number | string>();
  return table.rows.map((row, i) => {
    const [number = 0, lower = 0, upper = 0, size = 0] = [column.id, column.lower, column.upper, column.size].map(
      (at) => row[at] ?? 0,
    );
    const id = Number.isFinite(number) ? number : (table.cells[i]?.[column.id] ?? '');
    const where = `${file}:${table.lines[i]}`;
    if (seen.has(id)) throw badBuffer(where, `id ${id} appears twice`);
    seen.add(id);
    if (!(lower < upper))
      throw badBuffer(where, `the lifetime [${lower}, ${upper}) is empty: lower must be less than upper`);
    if (!Number.isSafeInteger(size) || size < 0) throw badBuffer(where, `size ${size} is not a byte count`);
    return { id, lower, upper, size };
  });
}

function badBuffer(where: string, message: string): UserError {
  return new UserError({ code: 'BAD_BUFFER', message, where });
}
