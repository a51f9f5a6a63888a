/** `front STUDY`: the Pareto front of a study. `front points.csv`: the non-dominated rows of a table, all columns minimised. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type Answer, answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { readNumberTable } from '../read-csv.ts';
import { readStudyResult, renderFront } from '../study-result.ts';
import { withApi } from '../with-api.ts';

export function addFrontCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('front'))
    .description('the Pareto front of a study, or the non-dominated rows of a CSV file (all columns minimised)')
    .argument('<study-or-points.csv>')
    .action((target: string, options: ApiOptions, command: Command) =>
      run(command, async () => {
        if (target.endsWith('.csv') || (target.includes('/') && existsSync(target))) return frontOfFile(target);
        return withApi(options, async (api) => {
          const result = await readStudyResult(api, target);
          return answer(result.json, () => renderFront(result));
        });
      }),
    );
}

async function frontOfFile(file: string): Promise<Answer> {
  const { nonDominatedIndices } = await import('@tinypareto/optimizer');
  const { columns, rows, lines } = readNumberTable(file);
  const indices = nonDominatedIndices(rows);
  const front = indices.map((index) => ({ index, line: lines[index], point: rows[index] ?? [] }));
  return answer({ points: rows.length, front }, () =>
    [columns.join(','), ...front.map(({ point }) => point.join(','))].join('\n'),
  );
}
