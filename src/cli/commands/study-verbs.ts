/** `pause|resume|stop|cancel STUDY`. */
import type { Command } from 'commander';
import type { StudyView } from '../../contract/study.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { withApi } from '../with-api.ts';

const VERBS = {
  pause: 'no new trials; running ones finish, resume goes on',
  resume: 'go on after a pause, or with a larger budget',
  stop: 'no new trials; the study is completed when the running ones are finished',
  cancel: 'abort the running trials and end the study',
} as const;

export function addStudyVerbCommands(program: Command, run: RunCommand): void {
  for (const [verb, description] of Object.entries(VERBS)) {
    withApiOptions(program.command(verb))
      .description(description)
      .argument('<study>', 'name or id')
      .action((study: string, options: ApiOptions, command: Command) =>
        run(command, () =>
          withApi(options, async (api) => {
            const changed = await api.json<StudyView>('POST', `/v1/studies/${encodeURIComponent(study)}/${verb}`);
            return answer(changed, () => `${changed.name} is ${changed.state}`);
          }),
        ),
      );
  }
}
