/** `demo`: the README's main job, LeNet on MNIST for the Raspberry Pi Pico, with its results laid out to look at. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { DEFAULT_DATA_FOLDER, openApi } from '../open-api.ts';
import { parsePositive } from '../parse-options.ts';
import { renderFront } from '../study-result.ts';

const CAMPAIGN = fileURLToPath(new URL('../../../examples/lenet-mnist/campaign.yaml', import.meta.url));

interface DemoOptions {
  readonly trials?: number;
  readonly data: string;
}

export function addDemoCommand(program: Command, run: RunCommand): void {
  program
    .command('demo')
    .description('compress LeNet on MNIST for the Raspberry Pi Pico: the main job, in some minutes')
    .option('--trials <n>', 'trials in all, instead of the campaign file’s', parsePositive)
    .option('--data <folder>', 'data folder', DEFAULT_DATA_FOLDER)
    .action((options: DemoOptions, command: Command) =>
      run(command, async (context) => {
        const { readCampaign } = await import('../read-campaign.ts');
        const { runCampaign } = await import('../run-campaign.ts');
        const { writeFrontFiles } = await import('../write-front-files.ts');
        const started = performance.now();
        const campaign = readCampaign(CAMPAIGN);
        const api = await openApi({ data: options.data, listen: true });
        try {
          context.note(
            `campaign ${path.relative('.', CAMPAIGN)}; API and documentation at ${api.url}/docs while it runs`,
          );
          const { ending, result } = await runCampaign(api, campaign, options.trials, context);
          if (ending === 'interrupted') {
            context.note('paused; the same command continues');
            return answer(result.json, () => renderFront(result), EXIT.interrupted);
          }
          const written = await writeFrontFiles(api, result, path.join(options.data, 'results', result.study.name));
          const seconds = (performance.now() - started) / 1000;
          return answer({ ...result.json, seconds, ...written, docs: `${api.url}/docs`, data: options.data }, () =>
            [
              renderFront(result),
              '',
              `C sources of each front model: ${written.folder}`,
              `Optuna study: ${written.optuna}  (optuna-dashboard sqlite:///${written.optuna})`,
              `API and documentation: npx tinypareto serve --data ${options.data}, then http://127.0.0.1:8080/docs`,
            ].join('\n'),
          );
        } finally {
          await api.close();
        }
      }),
    );
}
