/** `hypervolume points.csv --reference a,b`: the exact hypervolume of points, all objectives minimised. */
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { parseNumberList } from '../parse-options.ts';
import { readNumberTable } from '../read-csv.ts';

export function addHypervolumeCommand(program: Command, run: RunCommand): void {
  program
    .command('hypervolume')
    .description('exact hypervolume of points, all objectives minimised (CSV: one point per row)')
    .argument('<points.csv>')
    .requiredOption('--reference <values>', 'reference point, for example 1.1,1.1', parseNumberList)
    .action((file: string, options: { reference: number[] }, command: Command) =>
      run(command, async () => {
        const { hypervolume, nonDominatedIndices } = await import('@tinypareto/optimizer');
        const { rows, columns } = readNumberTable(file);
        if (columns.length !== options.reference.length) {
          throw new UserError({
            code: 'DIMENSION_MISMATCH',
            message: `the points have ${columns.length} objectives, the reference ${options.reference.length}`,
            where: file,
            hint: 'give --reference one number per column',
            exitCode: EXIT.badInput,
          });
        }
        const value = hypervolume(rows, options.reference);
        const nondominated = nonDominatedIndices(rows).length;
        return answer({ value, points: rows.length, nondominated }, () => String(value));
      }),
    );
}
