/** `export STUDY --format F -o FILE`: a study in another tool's format. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { withApi } from '../with-api.ts';

const TEXT_FORMATS = new Set(['jsonl', 'csv', 'optuna-journal']);

export function addExportCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('export'))
    .description(
      'write a study as an Optuna database or journal, JSON lines, CSV, Parquet, or all of it with its files as ZIP',
    )
    .argument('<study>', 'name or id')
    .option('--format <format>', 'optuna-sqlite, optuna-journal, jsonl, csv, parquet, zip', 'jsonl')
    .option('-o, --output <file>', 'file to write; stdout when absent (text formats)')
    .action((study: string, options: ApiOptions & { format: string; output?: string }, command: Command) =>
      run(command, (context) =>
        withApi(options, async (api) => {
          if (options.output === undefined && (!TEXT_FORMATS.has(options.format) || context.json)) {
            throw new UserError({
              code: 'USAGE',
              message: `format ${options.format} ${context.json ? 'with --json ' : ''}needs a file`,
              hint: 'add -o FILE',
              exitCode: EXIT.usage,
            });
          }
          const path = `/v1/studies/${encodeURIComponent(study)}/export?format=${encodeURIComponent(options.format)}`;
          const bytes = await api.bytes('GET', path);
          if (options.output === undefined) return answer(null, () => bytes.toString('utf8'));
          await writeFile(options.output, bytes);
          return answer(
            { study, format: options.format, file: options.output, bytes: bytes.length },
            () => `wrote ${options.output} (${bytes.length} bytes)`,
          );
        }),
      ),
    );
}
