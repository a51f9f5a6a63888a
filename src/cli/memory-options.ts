/** The options of `compile` and `plan` that trade memory against time. */
import type { LowerOptions, OptimizeGoal } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { naming } from '../runner/input-errors.ts';
import { parsePositive } from './parse-options.ts';

export interface MemoryOptions {
  readonly optimize?: OptimizeGoal;
  readonly patches?: NonNullable<LowerOptions['patches']>;
  readonly cores?: number;
}

const GOALS: readonly OptimizeGoal[] = ['balanced', 'ram', 'speed'];

export function addMemoryOptions(command: Command): Command {
  return command
    .option(
      '--optimize <goal>',
      'balanced (default); ram: layers in patches where that saves RAM for at most a tenth more cycles; speed: no weights that are slow to decode',
      parseGoal,
    )
    .option(
      '--patches <K,P>',
      'run the first K layers in P patches of rows; K,P,again computes shared rows again instead of keeping them; auto, none',
      parsePatches,
    )
    .option('--cores <n>', CORES, parsePositive);
}

export const CORES =
  'cores of the board that compute heavy layers together (default: 1; pico has 2): nearly half the time, for more RAM';

/** The options that were given. */
export function memoryChoice({ optimize, patches, cores }: MemoryOptions): MemoryOptions {
  return {
    ...(optimize === undefined ? {} : { optimize }),
    ...(patches === undefined ? {} : { patches }),
    ...(cores === undefined ? {} : { cores }),
  };
}

function parseGoal(text: string): OptimizeGoal {
  const goal = GOALS.find((each) => each === text);
  if (goal !== undefined) return goal;
  throw usage(`--optimize ${JSON.stringify(text)} is not known`, `one of ${GOALS.join(', ')}`);
}

/** `4,8` -> the first 4 layers in 8 patches. */
export function parsePatches(text: string): NonNullable<LowerOptions['patches']> {
  if (text === 'none' || text === 'auto') return text;
  const match = /^([1-9]\d{0,3}),([1-9]\d{0,3})(,again)?$/.exec(text);
  if (match === null) throw usage(`${JSON.stringify(text)} is not K,P`, 'for example --patches 4,8, or auto');
  return { layers: Number(match[1]), patches: Number(match[2]), keepsRows: match[3] === undefined };
}

/** Says that it is the patches or cores that were asked for which cannot be. */
export async function namingPatches<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  return naming(file, async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RangeError && / cores?, not /.test(error.message)) {
        throw new UserError({
          code: 'TOO_MANY_CORES',
          message: error.message,
          where: '--cores',
          exitCode: EXIT.usage,
        });
      }
      if (!(error instanceof RangeError) || !error.message.includes('patches')) throw error;
      throw new UserError({
        code: 'IMPOSSIBLE_PATCHES',
        message: error.message,
        where: '--patches',
        hint: 'tinypareto plan FILE --board BOARD --candidates lists what is possible',
        exitCode: EXIT.usage,
      });
    }
  });
}

/** `28100 B, proved to be the least`. */
export function describePeak({
  peak,
  lowerBound,
  optimal,
}: {
  peak: number;
  lowerBound: number;
  optimal: boolean;
}): string {
  return optimal ? `${peak} B, proved to be the least` : `${peak} B, no plan can need less than ${lowerBound} B`;
}

function usage(message: string, hint: string): UserError {
  return new UserError({ code: 'USAGE', message, hint, exitCode: EXIT.usage });
}
