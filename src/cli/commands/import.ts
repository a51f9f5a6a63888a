/** `import FILE`: a study from an Optuna database or journal, or from our JSON lines. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { StudyView } from '../../contract/study.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { withApi } from '../with-api.ts';

export function addImportCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('import'))
    .description('read a study from an Optuna database or journal, or from our JSON lines')
    .argument('<file>')
    .option('--name <name>', 'name of the new study')
    .option('--study <name>', 'which one, of a file with several studies')
    .action((file: string, options: ApiOptions & { name?: string; study?: string }, command: Command) =>
      run(command, async () => {
        const bytes = await readFile(path.resolve(file));
        return withApi(options, async (api) => {
          const { name, study } = options;
          const query = new URLSearchParams({
            ...(name !== undefined && { name }),
            ...(study !== undefined && { study }),
          });
          const imported = JSON.parse(
            (await api.bytes('POST', `/v1/import?${query}`, bytes)).toString('utf8'),
          ) as StudyView & { readonly skipped?: readonly unknown[] };
          return answer(
            imported,
            () =>
              `imported ${imported.name} (${imported.id}) with ${imported.counts.total ?? '?'} trials${skippedText(imported.skipped?.length ?? 0)}`,
          );
        });
      }),
    );
}

function skippedText(count: number): string {
  return count === 0 ? '' : `; ${count} of the file are no points of its space`;
}
