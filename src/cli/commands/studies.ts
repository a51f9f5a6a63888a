/** `studies`: all studies of a daemon or data folder. */
import type { Command } from 'commander';
import type { StudyView } from '../../contract/study.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatNumber } from '../format-values.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { renderTable } from '../render-table.ts';
import { allPages, withApi } from '../with-api.ts';

export function addStudiesCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('studies'))
    .description('list the studies')
    .option('--state <state>', 'only those in this state')
    .action((options: ApiOptions & { state?: string }, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const query = options.state === undefined ? '' : `?state=${encodeURIComponent(options.state)}`;
          const studies = await allPages<StudyView>(api, `/v1/studies${query}`);
          return answer({ studies }, () =>
            studies.length === 0
              ? `no studies in ${api.place}`
              : renderTable(
                  [
                    { title: 'study' },
                    { title: 'id' },
                    { title: 'state' },
                    { title: 'trials', align: 'right' },
                    { title: 'front', align: 'right' },
                    { title: 'hypervolume', align: 'right' },
                  ],
                  studies.map((study) => [
                    study.name,
                    study.id,
                    study.reason === null ? study.state : `${study.state} (${study.reason})`,
                    `${study.counts.completed}/${study.counts.total}`,
                    String(study.frontSize),
                    study.hypervolume === null ? '–' : formatNumber(study.hypervolume.value),
                  ]),
                ),
          );
        }),
      ),
    );
}
