/** Banks of memory on the command line. */
import type { MemoryBank } from '@tinypareto/evaluators';
import { EXIT, UserError } from '../errors.ts';
import { parseByteCount } from './parse-options.ts';

/** `64KiB,4KiB` or `main=64KiB,scratch=4KiB`; without names they are bank0, bank1 … */
export function parseBanks(text: string): MemoryBank[] {
  const banks = text.split(',').map((part, i) => {
    const match = /^(?:([a-z][a-z0-9_]*)=)?(.+)$/.exec(part.trim());
    const bytes = parseByteCount(match?.[2] ?? '');
    if (bytes === 0) throw usage(`bank ${i} of --banks has no bytes`);
    return { name: match?.[1] ?? `bank${i}`, bytes };
  });
  const twice = banks.find(({ name }, i) => banks.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw usage(`two banks of --banks are called ${twice.name}`);
  return banks;
}

/** Says which bank a table names that there is not. */
export function namingBanks<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError({ code: 'UNKNOWN_BANK', message: error.message, where: file, exitCode: EXIT.badInput });
  }
}

/** The search gave up: nothing is known. */
export function notFound(file: string): UserError {
  return new UserError({
    code: 'PLAN_NOT_FOUND',
    message: 'the search found no way to place the buffers in these banks, nor that there is none',
    where: file,
    hint: 'larger banks make it easier',
    exitCode: EXIT.infeasible,
  });
}

function usage(message: string): UserError {
  return new UserError({ code: 'USAGE', message, exitCode: EXIT.usage });
}
