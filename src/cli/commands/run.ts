/** `run campaign.yaml`: a campaign in the foreground. */
import type { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { parsePositive } from '../parse-options.ts';
import { renderFront } from '../study-result.ts';
import { withApi } from '../with-api.ts';

interface RunOptions extends ApiOptions {
  readonly trials?: number;
}

export function addRunCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('run'))
    .description('run a campaign in the foreground; Ctrl-C pauses, the same command continues')
    .argument('<campaign.yaml>')
    .option('--trials <n>', 'trials in all, instead of the budget in the file', parsePositive)
    .action((file: string, options: RunOptions, command: Command) =>
      run(command, async (context) => {
        const { readCampaign } = await import('../read-campaign.ts');
        const { runCampaign } = await import('../run-campaign.ts');
        const campaign = readCampaign(file);
        return withApi({ ...options, listen: true, log: context.note }, async (api) => {
          if (api.url !== null) context.note(`daemon at ${api.url}`);
          const { ending, result } = await runCampaign(api, campaign, options.trials, context);
          if (ending === 'interrupted') context.note('paused; the same command continues');
          return answer(
            result.json,
            () => renderFront(result),
            ending === 'interrupted' ? EXIT.interrupted : EXIT.done,
          );
        });
      }),
    );
}
