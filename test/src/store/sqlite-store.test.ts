import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { readMigrations } from '../../../src/store/migrate.ts';
import { SqliteStore } from '../../../src/store/sqlite-store.ts';
import { describeStoreContract } from '../../support/store-contract.ts';

function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-store-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeStoreContract('sqlite', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-store-'));
  let store = new SqliteStore(folder);
  return {
    store,
    setFull: (isFull) => store.limitPages(isFull ? 0 : null),
    reopen: async () => {
      await store.close();
      store = new SqliteStore(folder);
      return store;
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe('sqlite store', () => {
  it('refuses a database of a newer release', () =>
    withFolder((folder) => {
      void new SqliteStore(folder).close();
      const database = new Database(path.join(folder, 'tinypareto.db'));
      database.prepare('INSERT INTO migration VALUES (9999, ?, ?)').run('9999-future.sql', 'x');
      database.close();
      assert.throws(() => new SqliteStore(folder), { code: 'DATA_FOLDER_TOO_NEW' });
    }));

  it('has migrations numbered without gaps', () => {
    assert.deepEqual(
      readMigrations().map(({ version }) => version),
      readMigrations().map((_, i) => i + 1),
    );
  });

  it('writes ahead and waits for the disk', () =>
    withFolder((folder) => {
      const store = new SqliteStore(folder);
      const database = new Database(path.join(folder, 'tinypareto.db'), { readonly: true });
      assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
      database.close();
      void store.close();
    }));
});
