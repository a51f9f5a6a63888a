/** `plan buffers.csv`: the memory planner on a MiniMalloc instance (columns id, lower, upper, size; optional alignment). */
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { parseByteCount } from '../parse-options.ts';
import { columnIndexes, readNumberTable } from '../read-csv.ts';

interface Buffer {
  readonly id: number;
  readonly lower: number;
  readonly upper: number;
  readonly size: number;
}

export function addPlanCommand(program: Command, run: RunCommand): void {
  program
    .command('plan')
    .description('plan memory: offsets for buffers with lifetimes (MiniMalloc CSV: id,lower,upper,size)')
    .argument('<buffers.csv>')
    .option(
      '--capacity <bytes>',
      'bytes that there are, for example 1048576 or "256 KiB"; more is infeasible',
      parseByteCount,
    )
    .action((file: string, options: { capacity?: number }, command: Command) =>
      run(command, async () => {
        const { planMemory } = await import('@tinypareto/evaluators');
        const buffers = readBuffers(file);
        const started = performance.now();
        const plan = planMemory(
          buffers.map(({ id, lower, upper, size }) => ({ id: String(id), lower, upper, sizeBytes: size })),
          options.capacity === undefined ? {} : { capacityBytes: options.capacity },
        );
        const seconds = (performance.now() - started) / 1000;
        const feasible = options.capacity === undefined || plan.peakBytes <= options.capacity;
        const placed = buffers.map((buffer) => ({ ...buffer, offset: plan.offsets.get(String(buffer.id)) ?? 0 }));
        return answer(
          {
            feasible,
            peak: plan.peakBytes,
            lowerBound: plan.lowerBoundBytes,
            optimal: plan.optimal,
            strategy: plan.strategy,
            buffers: placed,
            seconds,
          },
          () =>
            [
              'id,lower,upper,size,offset',
              ...placed.map(({ id, lower, upper, size, offset }) => [id, lower, upper, size, offset].join(',')),
            ].join('\n'),
          feasible ? EXIT.done : EXIT.infeasible,
        );
      }),
    );
}

function readBuffers(file: string): Buffer[] {
  const table = readNumberTable(file);
  const column = columnIndexes(table, file, ['id', 'lower', 'upper', 'size']);
  const seen = new Set<number>();
  return table.rows.map((row, i) => {
    const [id = 0, lower = 0, upper = 0, size = 0] = [column.id, column.lower, column.upper, column.size].map(
      (at) => row[at] ?? 0,
    );
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
