/** Turns anything thrown into what a user may see: code, message, where, hint and exit code. */
import { EXIT, type ExitCode, type UserError } from '../errors.ts';
import { inputError } from '../runner/input-errors.ts';

export interface DescribedError {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
  readonly exitCode: ExitCode;
}

/** System errors (errno names, SQLite result codes) that have a remedy. */
const SYSTEM_ERRORS: Readonly<Record<string, { code: string; hint: string; exitCode: ExitCode }>> = {
  ENOENT: { code: 'FILE_NOT_FOUND', hint: 'check the path', exitCode: EXIT.missingInput },
  ENOTDIR: { code: 'FILE_NOT_FOUND', hint: 'a part of the path is a file, not a folder', exitCode: EXIT.missingInput },
  EISDIR: { code: 'NOT_A_FILE', hint: 'a file is needed, this is a folder', exitCode: EXIT.badInput },
  EACCES: { code: 'PERMISSION_DENIED', hint: 'check the permissions of the path', exitCode: EXIT.missingInput },
  EPERM: { code: 'PERMISSION_DENIED', hint: 'check the permissions of the path', exitCode: EXIT.missingInput },
  EROFS: { code: 'READ_ONLY', hint: 'choose a data folder on a writable disk with --data', exitCode: EXIT.unavailable },
  ENOSPC: {
    code: 'DISK_FULL',
    hint: 'free some space; stored results are safe, the same command continues',
    exitCode: EXIT.tryAgain,
  },
  EDQUOT: {
    code: 'DISK_FULL',
    hint: 'free some of your quota; stored results are safe, the same command continues',
    exitCode: EXIT.tryAgain,
  },
  SQLITE_FULL: {
    code: 'DISK_FULL',
    hint: 'free some space; stored results are safe, the same command continues',
    exitCode: EXIT.tryAgain,
  },
  SQLITE_BUSY: {
    code: 'DATA_FOLDER_IN_USE',
    hint: 'another process uses this data folder; stop it, or choose another one with --data',
    exitCode: EXIT.tryAgain,
  },
  SQLITE_CORRUPT: {
    code: 'DATABASE_DAMAGED',
    hint: 'restore tinypareto.db from a copy, or choose another data folder with --data',
    exitCode: EXIT.unavailable,
  },
  SQLITE_NOTADB: {
    code: 'DATABASE_DAMAGED',
    hint: 'tinypareto.db is not a database; choose another data folder with --data',
    exitCode: EXIT.unavailable,
  },
  SQLITE_CANTOPEN: {
    code: 'DATA_FOLDER_UNUSABLE',
    hint: 'check the permissions of the data folder',
    exitCode: EXIT.unavailable,
  },
  SQLITE_READONLY: {
    code: 'READ_ONLY',
    hint: 'choose a data folder on a writable disk with --data',
    exitCode: EXIT.unavailable,
  },
  EADDRINUSE: {
    code: 'PORT_IN_USE',
    hint: 'choose another port with --port, or --port 0 for a free one',
    exitCode: EXIT.unavailable,
  },
  ECONNREFUSED: { code: 'DAEMON_UNREACHABLE', hint: 'start it with: tinypareto serve', exitCode: EXIT.unavailable },
  ENOTFOUND: { code: 'DAEMON_UNREACHABLE', hint: 'check the address', exitCode: EXIT.unavailable },
};

export function describeError(error: unknown): DescribedError {
  const known = inputError(error);
  if (known !== undefined) {
    return {
      code: known.code,
      message: known.message,
      ...(known.where === undefined ? {} : { where: known.where }),
      ...(known.hint === undefined ? {} : { hint: known.hint }),
      exitCode: exitCodeOf(known),
    };
  }
  if (error instanceof Error) return systemError(error) ?? fault(error.stack ?? error.message);
  return fault(String(error));
}

/** What is wrong with the value of an option is wrong usage, whoever found it; what is wrong in a file is bad input. */
function exitCodeOf({ where, exitCode }: UserError): ExitCode {
  return exitCode === EXIT.badInput && where?.startsWith('--') === true ? EXIT.usage : exitCode;
}

function systemError(error: Error): DescribedError | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const known = Object.hasOwn(SYSTEM_ERRORS, code) ? SYSTEM_ERRORS[code] : undefined;
    if (known === undefined) continue;
    const path = 'path' in cause && typeof cause.path === 'string' ? { where: cause.path } : {};
    return { ...known, message: cause.message, ...path };
  }
  return undefined;
}

function fault(message: string): DescribedError {
  return {
    code: 'INTERNAL_FAULT',
    message,
    hint: 'this is a bug: please report it with this text, the command and, if you can, its input files',
    exitCode: EXIT.fault,
  };
}
