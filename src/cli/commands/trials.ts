/** `trials STUDY`: the trials of a study. */
import type { Command } from 'commander';
import type { StudyView } from '../../contract/study.ts';
import type { WireTrial } from '../../contract/trial.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatMetric, formatParams } from '../format-values.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { parsePositive } from '../parse-options.ts';
import { renderTable } from '../render-table.ts';
import { allPages, withApi } from '../with-api.ts';

interface TrialsOptions extends ApiOptions {
  readonly state?: string;
  readonly limit?: number;
}

export function addTrialsCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('trials'))
    .description('list the trials of a study')
    .argument('<study>', 'name or id')
    .option('--state <state>', 'only those in this state')
    .option('--limit <n>', 'at most this many', parsePositive)
    .action((name: string, options: TrialsOptions, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const path = `/v1/studies/${encodeURIComponent(name)}`;
          const study = await api.json<StudyView>('GET', path);
          const query = options.state === undefined ? '' : `?state=${encodeURIComponent(options.state)}`;
          const trials = await allPages<WireTrial>(api, `${path}/trials${query}`, options.limit);
          return answer({ study: study.id, trials }, () => renderTrials(study, trials));
        }),
      ),
    );
}

function renderTrials(study: StudyView, trials: readonly WireTrial[]): string {
  const metrics = study.objectives.map((objective) => objective.metric);
  return renderTable(
    [
      { title: '#', align: 'right' },
      { title: 'id' },
      { title: 'state' },
      ...metrics.map((metric) => ({ title: metric, align: 'right' as const })),
      { title: 'origin' },
      { title: 'params' },
    ],
    trials.map((trial) => [
      String(trial.number),
      trial.id,
      trial.reason === null ? trial.state : `${trial.state}: ${trial.reason.slice(0, 60)}`,
      ...metrics.map((metric) => formatMetric(metric, trial.metrics[metric])),
      trial.why.origin,
      formatParams(trial.params),
    ]),
  );
}
