/** `doctor`: checks what tinypareto needs on this computer, and says how to mend each thing. */
import type { Command } from 'commander';
import colors from 'picocolors';
import { EXIT } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { DEFAULT_DATA_FOLDER } from '../open-api.ts';

const MARKS = { ok: colors.green('ok  '), warning: colors.yellow('warn'), missing: colors.red('MISS') };

export function addDoctorCommand(program: Command, run: RunCommand): void {
  program
    .command('doctor')
    .description('check Node, database, compilers, sandbox, serial ports and data sets')
    .option('--data <folder>', 'data folder', DEFAULT_DATA_FOLDER)
    .action((options: { data: string }, command: Command) =>
      run(command, async () => {
        const { diagnose } = await import('../diagnose.ts');
        const checks = await diagnose(options.data);
        const isHealthy = checks.every((check) => check.status !== 'missing');
        return answer(
          { healthy: isHealthy, checks },
          () =>
            checks
              .map(
                ({ name, status, found, hint }) =>
                  `${MARKS[status]} ${name}: ${found}${hint === null ? '' : `\n       ${hint}`}`,
              )
              .join('\n'),
          isHealthy ? EXIT.done : EXIT.unavailable,
        );
      }),
    );
}
