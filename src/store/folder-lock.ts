/**
 * One daemon per data folder. The lock is an exclusive transaction on a small SQLite file, hence a lock of the operating
 * system: it ends with the process, however the process ends, and no stale file can keep anyone out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { EXIT, UserError } from '../errors.ts';

export interface FolderLock {
  /** Says in the folder where the holder listens, for the command line. */
  announce(url: string): void;
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly url?: string;
}

/** Held open until released: a handle that nothing refers to would be closed by the garbage collector. */
const heldLocks = new Set<Database.Database>();

const HOLDER_FILE = 'daemon.json';

/** Who holds the folder, as far as is written there; null when nothing is. */
export function readHolder(folder: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path.join(folder, HOLDER_FILE), 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function describeOpenError(error: unknown, folder: string): UserError {
  const code = (error as { code?: string }).code ?? '';
  const isTaken = code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
  const holder = isTaken ? readHolder(folder) : null;
  if (isTaken)
    return new UserError({
      code: 'DATA_FOLDER_LOCKED',
      message: `another daemon${holder === null ? '' : ` (process ${holder.pid})`} uses the data folder ${folder}`,
      where: folder,
      hint: `${holder?.url !== undefined ? `use it at ${holder.url}` : 'stop it'}, or choose another folder with --data`,
      status: 503,
      exitCode: EXIT.tryAgain,
    });
  return new UserError({
    code: 'DATA_FOLDER_UNUSABLE',
    message: `cannot use the data folder ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    where: folder,
    hint: 'the folder must be writable and on a local disk',
    status: 503,
    exitCode: EXIT.unavailable,
  });
}

/** Makes the folder if need be and takes its lock. Throws `UserError` DATA_FOLDER_LOCKED (exit code 75) when another process has it. */
export function lockFolder(folder: string): FolderLock {
  let database: Database.Database | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    database = new Database(path.join(folder, 'daemon.lock'), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw describeOpenError(error, folder);
  }
  const held = database;
  heldLocks.add(held);
  const write = (url?: string): void =>
    writeFileSync(path.join(folder, HOLDER_FILE), JSON.stringify({ pid: process.pid, url }));
  write();
  return {
    announce: write,
    release: () => {
      if (!held.open) return;
      rmSync(path.join(folder, HOLDER_FILE), { force: true });
      heldLocks.delete(held);
      held.exec('ROLLBACK');
      held.close();
    },
  };
}
