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
    .action((file: string, options: ApiOptions & { name?: string }, command: Command) =>
      run(command, async () => {
        const bytes = await readFile(path.resolve(file));
        return withApi(options, async (api) => {
          const query = options.name === undefined ? '' : `?name=${encodeURIComponent(options.name)}`;
          const imported = JSON.parse(
            (await api.bytes('POST', `/v1/import${query}`, bytes)).toString('utf8'),
          ) as StudyView;
          return answer(
            imported,
            () => `imported ${imported.name} (${imported.id}) with ${imported.trials?.total ?? '?'} trials`,
          );
        });
      }),
    );
}
