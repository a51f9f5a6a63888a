/**
 * The default store: one SQLite file in WAL mode. Changes that arrive in one turn of the event loop share a transaction, so
 * that many clients cost one flush to disk. Synchronous FULL (a flush per transaction) when any of them is durable, otherwise
 * NORMAL, which still survives the death of the process.
 */
import path from 'node:path';
import Database from 'better-sqlite3';
import { EXIT, UserError } from '../errors.ts';
import type { TrialRecord } from '../trial/trial.ts';
import { migrate, readMigrations } from './migrate.ts';
import type { StoredDocument, StoredEvent, StoredStudy, StudyChange, TrialStore } from './trial-store.ts';

/** Older releases of SQLite may damage a WAL file that is reset while it is read. */
const OLDEST_SQLITE = '3.51.3';

interface Waiting {
  readonly change: StudyChange;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface EventRow {
  readonly seq: number;
  readonly study: string;
  readonly type: StoredEvent['type'];
  readonly trial: number | null;
  readonly at: number;
  readonly data: string;
}

function prepareStatements(database: Database.Database) {
  return {
    putStudy: database.prepare(
      'INSERT INTO study VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body',
    ),
    removeStudy: database.prepare('DELETE FROM study WHERE id = ?'),
    putTrial: database.prepare(
      'INSERT INTO trial VALUES (?, ?, ?, ?) ON CONFLICT (study, number) DO UPDATE SET state = excluded.state, body = excluded.body',
    ),
    putEvent: database.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)'),
    putDocument: database.prepare(
      'INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body',
    ),
    removeDocument: database.prepare('DELETE FROM document WHERE kind = ? AND key = ?'),
    studies: database.prepare<[], StoredStudy>('SELECT id, name, body FROM study ORDER BY rowid'),
    trials: database.prepare<[string], { body: string }>('SELECT body FROM trial WHERE study = ? ORDER BY number'),
    allEvents: database.prepare<[number, number], EventRow>('SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?'),
    studyEvents: database.prepare<[string, number, number], EventRow>(
      'SELECT * FROM event WHERE study = ? AND seq > ? ORDER BY seq LIMIT ?',
    ),
    lastSeq: database.prepare<[], { seq: number | null }>('SELECT max(seq) AS seq FROM event'),
    document: database.prepare<[string, string], StoredDocument>('SELECT * FROM document WHERE kind = ? AND key = ?'),
    documents: database.prepare<[string], StoredDocument>('SELECT * FROM document WHERE kind = ? ORDER BY key'),
    probe: database.prepare('INSERT OR REPLACE INTO probe VALUES (1, randomblob(8192))'),
  };
}

/** What SQLite's error means to a user. Whatever it was, the transaction was rolled back. */
function describeWriteError(error: unknown): UserError {
  const code = String((error as { code?: unknown }).code ?? '');
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR'))
    return new UserError({
      code: 'DISK_FULL',
      message: `the data could not be written (${text}): nothing was changed`,
      hint: 'make room on the disk of the data folder; the daemon goes on by itself, and the same request may be sent again',
      status: 507,
      exitCode: EXIT.tryAgain,
    });
  return new UserError({
    code: 'STORE_FAILED',
    message: `the data could not be stored (${text}): nothing was changed`,
    hint: 'send the same request again',
    status: 503,
    exitCode: EXIT.tryAgain,
  });
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

export class SqliteStore implements TrialStore {
  readonly #database: Database.Database;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #listeners: ((studies: ReadonlySet<string>) => void)[] = [];
  #waiting: Waiting[] = [];
  #isFullSync = true;

  /** Opens or makes `<folder>/tinypareto.db`. Whoever opens it for writing holds the folder's lock. */
  constructor(folder: string) {
    this.#database = new Database(path.join(folder, 'tinypareto.db'));
    const { version } = this.#database.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    if (isOlder(version, OLDEST_SQLITE))
      throw new UserError({
        code: 'SQLITE_TOO_OLD',
        message: `SQLite ${version} may lose data: ${OLDEST_SQLITE} or later is needed`,
        exitCode: EXIT.unavailable,
      });
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = FULL');
    this.#database.pragma('foreign_keys = ON');
    this.#database.pragma('cache_size = -32000');
    migrate(this.#database, readMigrations());
    this.#statements = prepareStatements(this.#database);
  }

  commit(change: StudyChange): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ change, resolve, reject });
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      this.#setSynchronous(batch.some(({ change }) => change.durable));
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { change } of batch) this.#write(change);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      const reason = describeWriteError(error);
      const lost = new Set<string>();
      for (const { change } of batch)
        for (const id of [change.study?.id, change.trialsOf, change.removeStudy]) if (id !== undefined) lost.add(id);
      for (const listener of this.#listeners) listener(lost);
      for (const { reject } of batch) reject(reason);
      return;
    }
    for (const { resolve } of batch) resolve();
  }

  #setSynchronous(full: boolean): void {
    if (full === this.#isFullSync) return;
    this.#database.pragma(`synchronous = ${full ? 'FULL' : 'NORMAL'}`);
    this.#isFullSync = full;
  }

  #write(change: StudyChange): void {
    const { study, trialsOf, trials = [], events = [], documents = [], removeDocuments = [], removeStudy } = change;
    const put = this.#statements;
    if (study !== undefined) put.putStudy.run(study.id, study.name, study.body);
    if (trialsOf !== undefined)
      for (const trial of trials) put.putTrial.run(trialsOf, trial.number, trial.state, JSON.stringify(trial));
    for (const event of events)
      put.putEvent.run(event.seq, event.study, event.type, event.trial, event.at, JSON.stringify(event.data));
    if (removeStudy !== undefined) put.removeStudy.run(removeStudy);
    for (const { kind, key, body } of documents) put.putDocument.run(kind, key, body);
    for (const { kind, key } of removeDocuments) put.removeDocument.run(kind, key);
  }

  /** Lets the file grow by at most `pages` pages of 4096 bytes from now on; null = without limit. */
  limitPages(pages: number | null): void {
    const used = this.#database.pragma('page_count', { simple: true }) as number;
    this.#database.pragma(`max_page_count = ${pages === null ? 4_294_967_294 : used + pages}`);
  }

  onLost(listener: (studies: ReadonlySet<string>) => void): void {
    this.#listeners.push(listener);
  }

  async studies(): Promise<readonly StoredStudy[]> {
    return this.#statements.studies.all();
  }

  async trials(study: string): Promise<readonly TrialRecord[]> {
    const rows = this.#statements.trials.all(study);
    return rows.map(({ body }) => JSON.parse(body) as TrialRecord);
  }

  async events(study: string | null, after: number, limit: number): Promise<readonly StoredEvent[]> {
    const rows =
      study === null
        ? this.#statements.allEvents.all(after, limit)
        : this.#statements.studyEvents.all(study, after, limit);
    return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as StoredEvent['data'] }));
  }

  async lastSeq(): Promise<number> {
    return this.#statements.lastSeq.get()?.seq ?? 0;
  }

  async document(kind: string, key: string): Promise<StoredDocument | null> {
    return this.#statements.document.get(kind, key) ?? null;
  }

  async documents(kind: string): Promise<readonly StoredDocument[]> {
    return this.#statements.documents.all(kind);
  }

  async isWritable(): Promise<boolean> {
    try {
      this.#statements.probe.run();
      return true;
    } catch {
      return false;
    }
  }

  /** Changes still waiting are stored first. */
  async close(): Promise<void> {
    this.#flush();
    if (this.#database.open) this.#database.close();
  }
}
