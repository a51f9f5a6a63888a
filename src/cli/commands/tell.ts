/** `tell TRIAL metric=value …`: the result of a trial. */
import type { Command } from 'commander';
import type { TellState, WireTrial } from '../../contract/trial.ts';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { parseCount, parseMetric } from '../parse-options.ts';
import { withApi } from '../with-api.ts';

/** Checked again by the study; here for the help and a quick answer. */
const TELL_STATES: readonly TellState[] = ['completed', 'infeasible', 'failed', 'pruned', 'abandoned'];

interface TellOptions extends ApiOptions {
  readonly state?: string;
  readonly fence?: number;
  readonly reason?: string;
}

export function addTellCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('tell'))
    .description('tell the result of a trial')
    .argument('<trial>', 'id')
    .argument('[metrics...]', 'metric=value')
    .option('--state <state>', `${TELL_STATES.join(', ')} (default completed)`)
    .option('--fence <n>', 'from the answer of ask; the current one when absent', parseCount)
    .option('--reason <text>', 'why it is infeasible or failed')
    .action((trial: string, metrics: string[], options: TellOptions, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const path = `/v1/trials/${encodeURIComponent(trial)}`;
          const state = checkState(options.state);
          const fence = options.fence ?? (await api.json<WireTrial>('GET', path)).fence;
          const told = await api.json<WireTrial>('POST', `${path}/tell`, {
            fence: fence ?? 0,
            ...(state === undefined ? {} : { state }),
            metrics: Object.fromEntries(metrics.map(parseMetric)),
            ...(options.reason === undefined ? {} : { reason: options.reason }),
          });
          return answer(told, () => `${told.id} is ${told.state}${told.replayed ? ' (told before)' : ''}`);
        }),
      ),
    );
}

function checkState(text: string | undefined): TellState | undefined {
  if (text === undefined) return undefined;
  const state = TELL_STATES.find((each) => each === text);
  if (state === undefined) {
    throw new UserError({
      code: 'USAGE',
      message: `--state ${JSON.stringify(text)} is not known`,
      hint: `one of ${TELL_STATES.join(', ')}`,
      exitCode: EXIT.usage,
    });
  }
  return state;
}
