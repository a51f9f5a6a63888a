/** A study as an Optuna SQLite storage (storage schema 12, Alembic revision v3.2.0.a: Optuna 3.2 to 5.x). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { StudyState } from '../study-state.ts';
import { type OptunaTrial, optunaStudyAttrs, toOptunaTrial } from './optuna-trial.ts';

const SCHEMA_VERSION = 12;
const ALEMBIC_REVISION = 'v3.2.0.a';
/** The oldest release with this schema; Optuna only shows it in messages. */
const LIBRARY_VERSION = '4.0.0';
/** Trials written between two turns of the event loop. */
const CHUNK = 200;

const attributes = (table: string, owner: string): string => `
  CREATE TABLE ${table}_attributes (
    ${table}_attribute_id INTEGER NOT NULL PRIMARY KEY,
    ${owner}_id INTEGER REFERENCES ${owner === 'study' ? 'studies' : 'trials'} (${owner}_id),
    "key" VARCHAR(512), value_json TEXT, UNIQUE (${owner}_id, "key"));`;

const SCHEMA = `
  CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
  CREATE TABLE version_info (version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1),
    schema_version INTEGER, library_version VARCHAR(256));
  CREATE TABLE studies (study_id INTEGER NOT NULL PRIMARY KEY, study_name VARCHAR(512) NOT NULL);
  CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
  CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL PRIMARY KEY, direction VARCHAR(8) NOT NULL,
    study_id INTEGER NOT NULL REFERENCES studies (study_id), objective INTEGER NOT NULL, UNIQUE (study_id, objective));
  CREATE TABLE trials (trial_id INTEGER NOT NULL PRIMARY KEY, number INTEGER,
    study_id INTEGER REFERENCES studies (study_id), state VARCHAR(8) NOT NULL,
    datetime_start DATETIME, datetime_complete DATETIME);
  CREATE INDEX ix_trials_study_id ON trials (study_id);
  CREATE TABLE trial_params (param_id INTEGER NOT NULL PRIMARY KEY, trial_id INTEGER REFERENCES trials (trial_id),
    param_name VARCHAR(512), param_value FLOAT, distribution_json TEXT, UNIQUE (trial_id, param_name));
  CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id), objective INTEGER NOT NULL, value FLOAT,
    value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, objective));
  CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id), step INTEGER NOT NULL, intermediate_value FLOAT,
    intermediate_value_type VARCHAR(7) NOT NULL, UNIQUE (trial_id, step));
  CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL PRIMARY KEY,
    trial_id INTEGER NOT NULL UNIQUE REFERENCES trials (trial_id), heartbeat DATETIME NOT NULL);
  ${attributes('study_user', 'study')} ${attributes('study_system', 'study')}
  ${attributes('trial_user', 'trial')} ${attributes('trial_system', 'trial')}`;

/** SQLAlchemy's text form of a date: local to no zone, microseconds. */
function sqlDate(date: Date | null): string | null {
  return date === null ? null : `${date.toISOString().replace('T', ' ').replace('Z', '')}000`;
}

function trialWriter(database: Database.Database): (trial: OptunaTrial) => void {
  const putTrial = database.prepare('INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)');
  const putParam = database.prepare(
    'INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)',
  );
  const putValue = database.prepare(
    "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, 'FINITE')",
  );
  const putIntermediate = database.prepare(
    `INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
     VALUES (?, ?, ?, 'FINITE')`,
  );
  const putUser = database.prepare('INSERT INTO trial_user_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)');
  const putSystem = database.prepare(
    'INSERT INTO trial_system_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)',
  );
  return (trial) => {
    const id = trial.number + 1;
    putTrial.run(id, trial.number, trial.state, sqlDate(trial.start), sqlDate(trial.complete));
    for (const { name, value, distribution } of trial.params)
      putParam.run(id, name, value, JSON.stringify(distribution));
    for (const [objective, value] of trial.values.entries()) putValue.run(id, objective, value);
    for (const [step, value] of trial.intermediate) putIntermediate.run(id, step, value);
    for (const [key, value] of Object.entries(trial.userAttrs)) putUser.run(id, key, JSON.stringify(value));
    for (const [key, value] of Object.entries(trial.systemAttrs)) putSystem.run(id, key, JSON.stringify(value));
  };
}

function writeStudy(database: Database.Database, state: StudyState): void {
  const { record } = state;
  database.prepare('INSERT INTO alembic_version VALUES (?)').run(ALEMBIC_REVISION);
  database.prepare('INSERT INTO version_info VALUES (1, ?, ?)').run(SCHEMA_VERSION, LIBRARY_VERSION);
  database.prepare('INSERT INTO studies VALUES (1, ?)').run(record.name);
  const putDirection = database.prepare(
    'INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, ?)',
  );
  for (const [objective, { direction }] of record.objectives.entries())
    putDirection.run(direction.toUpperCase(), objective);
  const { userAttrs, systemAttrs } = optunaStudyAttrs(record);
  for (const [table, attributes] of [
    ['study_user_attributes', userAttrs],
    ['study_system_attributes', systemAttrs],
  ] as const) {
    const put = database.prepare(`INSERT INTO ${table} (study_id, "key", value_json) VALUES (1, ?, ?)`);
    for (const [key, value] of Object.entries(attributes)) put.run(key, JSON.stringify(value));
  }
}

/** Writes the storage to `file`, which must not exist. Other work goes on between chunks of trials. */
export async function exportOptunaSqlite(state: StudyState, file: string): Promise<void> {
  const database = new Database(file);
  try {
    database.pragma('synchronous = OFF');
    database.exec(SCHEMA);
    writeStudy(database, state);
    const put = trialWriter(database);
    // The trials as they are now: later changes do not mix with earlier ones.
    const trials = [...state.trials];
    for (let start = 0; start < trials.length; start += CHUNK) {
      database.transaction(() => {
        for (const trial of trials.slice(start, start + CHUNK)) put(toOptunaTrial(state, trial));
      })();
      await nextTurn();
    }
  } finally {
    database.close();
  }
}
