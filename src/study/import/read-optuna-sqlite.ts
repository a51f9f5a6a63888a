/** Reads a study from an Optuna SQLite storage: the schema is that of ../export/optuna-sqlite.ts. Nothing in the file is run. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { OptunaState } from '../export/optuna-trial.ts';
import {
  badImport,
  chooseStudy,
  parseJson,
  readDistribution,
  type StoredStudy,
  type StoredTrial,
} from './optuna-study.ts';

/** Trials read between two turns of the event loop. */
const CHUNK = 500;
const NEEDED = ['studies', 'study_directions', 'trials', 'trial_params', 'trial_values'];
const OPTIONAL = [
  'study_user_attributes',
  'study_system_attributes',
  'trial_user_attributes',
  'trial_system_attributes',
  'trial_intermediate_values',
];
const STATES: ReadonlySet<string> = new Set(['RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING']);

interface TrialRow {
  readonly trial_id: number;
  readonly state: string;
  readonly datetime_start: string | null;
  readonly datetime_complete: string | null;
}

/** A file in WAL mode cannot be opened from memory; the two version bytes of its header say so. */
function withoutWal(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  if (copy[18] === 2) copy[18] = 1;
  if (copy[19] === 2) copy[19] = 1;
  return copy;
}

/** Text of SQLAlchemy, in UTC since Optuna 5. */
function readDate(text: string | null): Date | null {
  if (text === null) return null;
  const date = new Date(`${text.slice(0, 23).replace(' ', 'T')}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

class Reader {
  readonly #database: Database.Database;
  readonly #tables: ReadonlySet<string>;

  constructor(database: Database.Database) {
    this.#database = database;
    // A view could make the reader run anything: only real tables count.
    const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[];
    this.#tables = new Set(names);
    const missing = NEEDED.filter((name) => !this.#tables.has(name));
    if (missing.length > 0)
      throw badImport(`the SQLite file is no Optuna storage: it has no table ${missing.join(', ')}`);
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  rows<T>(sql: string, ...values: (string | number)[]): T[] {
    return this.#database.prepare(sql).all(...values) as T[];
  }

  attributes(table: string, owner: string, id: number): Record<string, unknown> {
    if (!OPTIONAL.includes(table) || !this.has(table)) return {};
    const rows = this.rows<{ key: string; value_json: string }>(
      `SELECT "key", value_json FROM ${table} WHERE ${owner} = ?`,
      id,
    );
    return Object.fromEntries(
      rows.map(({ key, value_json }) => [key, parseJson(value_json, `the attribute "${key}"`)]),
    );
  }

  trial(row: TrialRow, number: number): StoredTrial {
    const id = row.trial_id;
    if (!STATES.has(row.state)) throw badImport(`trial ${number} has the state "${row.state}"`);
    const params = this.rows<{ param_name: string; param_value: number; distribution_json: string }>(
      'SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? ORDER BY param_id',
      id,
    );
    const values = this.rows<{ value: number | null }>(
      'SELECT value FROM trial_values WHERE trial_id = ? ORDER BY objective',
      id,
    );
    const steps = this.has('trial_intermediate_values')
      ? this.rows<{ step: number; value: number | null }>(
          'SELECT step, intermediate_value AS value FROM trial_intermediate_values WHERE trial_id = ? ORDER BY step',
          id,
        )
      : [];
    return {
      number,
      state: row.state as OptunaState,
      start: readDate(row.datetime_start),
      complete: readDate(row.datetime_complete),
      params: params.map(({ param_name: name, param_value, distribution_json }) => ({
        name,
        value: Number(param_value),
        distribution: readDistribution(distribution_json, name),
      })),
      values: values.map(({ value }) => value),
      intermediate: steps.flatMap(({ step, value }) => (value === null ? [] : [{ step, value }])),
      userAttrs: this.attributes('trial_user_attributes', 'trial_id', id),
      systemAttrs: this.attributes('trial_system_attributes', 'trial_id', id),
    };
  }
}

function openDatabase(bytes: Uint8Array): Database.Database {
  try {
    const database = new Database(withoutWal(bytes));
    database.pragma('trusted_schema = OFF');
    database.pragma('query_only = ON');
    database.pragma('cell_size_check = ON');
    return database;
  } catch (error) {
    throw badImport(`the SQLite file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function readStudy(reader: Reader, wanted: string | null): Promise<StoredStudy> {
  const { id, name } = chooseStudy(
    reader.rows<{ id: number; name: string }>('SELECT study_id AS id, study_name AS name FROM studies'),
    wanted,
  );
  const directions = reader.rows<{ direction: string }>(
    'SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective',
    id,
  );
  const rows = reader.rows<TrialRow>(
    'SELECT trial_id, state, datetime_start, datetime_complete FROM trials WHERE study_id = ? ORDER BY trial_id',
    id,
  );
  const trials: StoredTrial[] = [];
  for (const [number, row] of rows.entries()) {
    trials.push(reader.trial(row, number));
    if (number % CHUNK === CHUNK - 1) await nextTurn();
  }
  return {
    name,
    directions: directions.map(({ direction }) => (direction === 'MAXIMIZE' ? 'maximize' : 'minimize')),
    userAttrs: reader.attributes('study_user_attributes', 'study_id', id),
    systemAttrs: reader.attributes('study_system_attributes', 'study_id', id),
    trials,
  };
}

/** Throws `UserError` BAD_IMPORT (422) for a file that is damaged or something else. */
export async function readOptunaSqlite(bytes: Uint8Array, wanted: string | null): Promise<StoredStudy> {
  const database = openDatabase(bytes);
  try {
    return await readStudy(new Reader(database), wanted);
  } catch (error) {
    if (error instanceof Database.SqliteError) throw badImport(`the SQLite file is damaged: ${error.message}`);
    throw error;
  } finally {
    database.close();
  }
}
