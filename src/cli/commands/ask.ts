/** `ask STUDY`: the next trials to try. */
import type { Command } from 'commander';
import type { WireTrial } from '../../contract/trial.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { parseNumber, parsePositive } from '../parse-options.ts';
import { withApi } from '../with-api.ts';

interface AskOptions extends ApiOptions {
  readonly count: number;
  readonly lease?: number;
  readonly client?: string;
  readonly request?: string;
}

export function addAskCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('ask'))
    .description('ask a study for the next trials to try')
    .argument('<study>', 'name or id')
    .option('--count <n>', 'number of trials', parsePositive, 1)
    .option('--lease <seconds>', 'how long the answer is reserved for you', parseNumber)
    .option('--client <id>', 'with --request: the same pair gets the same trials again')
    .option('--request <id>')
    .action((study: string, options: AskOptions, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const body = {
            count: options.count,
            ...(options.lease === undefined ? {} : { leaseSeconds: options.lease }),
            ...(options.client === undefined ? {} : { clientId: options.client }),
            ...(options.request === undefined ? {} : { requestId: options.request }),
          };
          const asked = await api.json<{ trials: WireTrial[] }>(
            'POST',
            `/v1/studies/${encodeURIComponent(study)}/ask`,
            body,
          );
          return answer(asked, () =>
            asked.trials
              .map((trial) => {
                const params = Object.entries(trial.params).map(([name, value]) => `${name}=${value}`);
                return `${trial.id} fence ${trial.fence} (${trial.why.origin}): ${params.join(' ')}`;
              })
              .join('\n'),
          );
        }),
      ),
    );
}
