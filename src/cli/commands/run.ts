/** `run campaign.yaml`: a campaign in the foreground. */
import path from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, DEFAULT_DATA_FOLDER, withApiOptions } from '../open-api.ts';
import { parsePositive } from '../parse-options.ts';
import { renderFront } from '../study-result.ts';
import { withApi } from '../with-api.ts';

interface RunOptions extends ApiOptions {
  readonly trials?: number;
  readonly out?: string;
}

export function addRunCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('run'))
    .description('run a campaign in the foreground; Ctrl-C pauses, the same command continues')
    .argument('<campaign.yaml>')
    .option('--trials <n>', 'trials in all, instead of the budget in the file', parsePositive)
    .option('--out <folder>', 'where models and C sources of the front go (default: results/NAME in the data folder)')
    .action((file: string, options: RunOptions, command: Command) =>
      run(command, async (context) => {
        const { readCampaign } = await import('../read-campaign.ts');
        const { runCampaign } = await import('../run-campaign.ts');
        const campaign = readCampaign(file);
        return withApi({ ...options, listen: true, log: context.note }, async (api) => {
          if (api.url !== null) context.note(`daemon at ${api.url}`);
          const { ending, result } = await runCampaign(api, campaign, options.trials, context);
          if (ending === 'interrupted') context.note('paused; the same command continues');
          if (ending === 'interrupted' || campaign.definition.evaluation === undefined || result.front.length === 0) {
            const exitCode = ending === 'interrupted' ? EXIT.interrupted : EXIT.done;
            return answer(result.json, () => renderFront(result), exitCode);
          }
          const { writeFrontFiles } = await import('../write-front-files.ts');
          const name = result.study.name.replaceAll(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '_');
          const written = await writeFrontFiles(
            api,
            result,
            options.out ?? path.join(options.data ?? DEFAULT_DATA_FOLDER, 'results', name),
          );
          return answer({ ...result.json, ...written }, () =>
            [renderFront(result), '', `C sources and ONNX file of each front model: ${written.folder}`].join('\n'),
          );
        });
      }),
    );
}
