/** Brings a database to the newest schema: numbered SQL files, each run once, in order, in one transaction. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { EXIT, UserError } from '../errors.ts';
import { contentHash } from '../trial/content-hash.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** The migrations of this release, oldest first. */
export function readMigrations(folder = new URL('./migrations/', import.meta.url)): readonly Migration[] {
  return readdirSync(fileURLToPath(folder))
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), name, sql: readFileSync(new URL(name, folder), 'utf8') }));
}

/** Throws `UserError` when the database was made by a newer release or its history differs. */
export function migrate(database: Database, migrations: readonly Migration[]): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL) STRICT',
  );
  const done = new Map(
    (database.prepare('SELECT version, hash FROM migration').all() as { version: number; hash: string }[]).map(
      (row) => [row.version, row.hash],
    ),
  );
  const newest = Math.max(0, ...migrations.map((migration) => migration.version));
  if (Math.max(0, ...done.keys()) > newest) {
    throw new UserError({
      code: 'DATA_FOLDER_TOO_NEW',
      message: 'the data folder was written by a newer release of tinypareto',
      hint: 'update tinypareto, or choose another folder with --data',
      exitCode: EXIT.badInput,
    });
  }
  for (const { version, name, sql } of migrations) {
    const hash = contentHash(sql);
    const recorded = done.get(version);
    if (recorded === hash) continue;
    if (recorded !== undefined)
      throw new UserError({
        code: 'DATA_FOLDER_FOREIGN',
        message: `migration ${name} was changed after it had been run`,
      });
    database.transaction(() => {
      database.exec(sql);
      database.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(version, name, hash);
    })();
  }
}
