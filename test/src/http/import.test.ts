import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { readZip } from '../../../evaluators/ir/zip.ts';
import { makeApp, type TestApp } from '../../support/make-app.ts';
import { fenceOf, makeDefinition, runOne } from '../../support/make-study.ts';

const float = (low: number, high: number, log = false) =>
  JSON.stringify({ name: 'FloatDistribution', attributes: { step: null, low, high, log } });
const choices = JSON.stringify({ name: 'CategoricalDistribution', attributes: { choices: ['l1', 'none', null] } });

interface ForeignTrial {
  readonly state: string;
  readonly params: readonly (readonly [string, number, string])[];
  readonly values?: readonly (number | null)[];
  readonly system?: Readonly<Record<string, unknown>>;
}

/** A storage as Optuna writes it, down to the columns that are read. */
function foreignStorage(trials: readonly ForeignTrial[]): Buffer {
  const database = new Database(':memory:');
  database.exec(`
    CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name VARCHAR(512));
    CREATE TABLE study_directions (study_direction_id INTEGER PRIMARY KEY, direction VARCHAR(8), study_id INTEGER, objective INTEGER);
    CREATE TABLE study_system_attributes (id INTEGER PRIMARY KEY, study_id INTEGER, "key" VARCHAR(512), value_json TEXT);
    CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number INTEGER, study_id INTEGER, state VARCHAR(8), datetime_start DATETIME, datetime_complete DATETIME);
    CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT, distribution_json TEXT);
    CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id INTEGER, objective INTEGER, value FLOAT, value_type VARCHAR(7));
    CREATE TABLE trial_system_attributes (id INTEGER PRIMARY KEY, trial_id INTEGER, "key" VARCHAR(512), value_json TEXT);
    INSERT INTO studies VALUES (1, 'tuning');
    INSERT INTO study_directions VALUES (1, 'MINIMIZE', 1, 0), (2, 'MAXIMIZE', 1, 1);
    INSERT INTO study_system_attributes VALUES (1, 1, 'study:metric_names', '["loss", "hit rate"]');`);
  const date = '2026-01-02 03:04:05.678901';
  for (const [number, trial] of trials.entries()) {
    const id = number + 1;
    database.prepare('INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)').run(id, number, trial.state, date, date);
    for (const [name, value, distribution] of trial.params)
      database.prepare('INSERT INTO trial_params VALUES (NULL, ?, ?, ?, ?)').run(id, name, value, distribution);
    for (const [objective, value] of (trial.values ?? []).entries())
      database
        .prepare('INSERT INTO trial_values VALUES (NULL, ?, ?, ?, ?)')
        .run(id, objective, value, value === null ? 'INF_POS' : 'FINITE');
    for (const [key, value] of Object.entries(trial.system ?? {}))
      database
        .prepare('INSERT INTO trial_system_attributes VALUES (NULL, ?, ?, ?)')
        .run(id, key, JSON.stringify(value));
  }
  const bytes = database.serialize();
  database.close();
  return bytes;
}

const at = (rate: number, method: 0 | 1, share?: number): ForeignTrial['params'] => [
  ['rate', rate, float(1e-4, 1, true)],
  ['method', method, choices],
  ...(share === undefined ? [] : ([['share', share, float(0, 0.9)]] as const)),
];

describe('REST: import of studies', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp();
  });
  after(() => app.close());

  const bytes = async (format: string) => {
    const { rawPayload } = await app.app.inject({ method: 'GET', url: `/v1/studies/study/export?format=${format}` });
    return rawPayload;
  };
  const send = (body: Buffer | string, query = '') =>
    app.call('POST', `/v1/import${query}`, body, { 'content-type': 'application/octet-stream' });

  it('restores a study from its own SQLite, journal and JSONL exports', async () => {
    await app.service.create(makeDefinition({ constraints: ['loss <= 0.9'], sampler: { kind: 'mobo', seed: 5 } }));
    for (let i = 0; i < 9; i++) await runOne(app.service, 'study');
    const [infeasible, failed] = await app.service.ask('study', { count: 2 });
    for (const step of [1, 2])
      await app.service.heartbeat(fenceOf(infeasible).id, {
        fence: fenceOf(infeasible).fence,
        intermediate: { step, metrics: { loss: 1 / step, other: 7 } },
      });
    await app.service.tell(fenceOf(infeasible).id, {
      fence: fenceOf(infeasible).fence,
      state: 'infeasible',
      reason: 'too big',
    });
    await app.service.tell(fenceOf(failed).id, {
      fence: fenceOf(failed).fence,
      state: 'failed',
      userAttrs: { a: [1] },
    });
    await app.service.enqueue('study', { params: { n: 3 } });
    for (const format of ['optuna-sqlite', 'optuna-journal', 'jsonl']) {
      const { status, json, text } = await send(await bytes(format), `?name=from-${format}`);
      assert.equal(status, 201, text);
      assert.deepEqual([json['skipped'], json['counts']['total']], [[], 12]);
      const strip = (list: unknown): unknown =>
        (list as Record<string, unknown>[]).map(
          ({ number, state, params, metrics, why, feasible, userAttrs, reason, intermediate }) => ({
            ...{ number, state, params, metrics, why, feasible, userAttrs, reason, intermediate },
          }),
        );
      const original = (await app.call('GET', '/v1/studies/study/trials')).json['trials'];
      const restored = (await app.call('GET', `/v1/studies/from-${format}/trials`)).json['trials'];
      assert.deepEqual(strip(restored), strip(original));
      const [own, copy] = ['study', `from-${format}`].map((name) => app.call('GET', `/v1/studies/${name}/hypervolume`));
      assert.deepEqual((await copy)?.json['reference'], (await own)?.json['reference']);
    }
  });

  it('gives Optuna the learning curve of the first objective that has one', async () => {
    const lines = (await bytes('optuna-journal')).toString('utf8').trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(rows[0]?.['directions'], [1, 2]);
    assert.deepEqual(rows.at(9 + 3)?.['intermediate_values'], { 1: 1, 2: 0.5 });
    const file = path.join(app.folder, 'curve.db');
    writeFileSync(file, await bytes('optuna-sqlite'));
    const database = new Database(file, { readonly: true });
    const stored = database.prepare('SELECT * FROM trial_intermediate_values').all();
    database.close();
    assert.deepEqual(stored, [
      {
        trial_intermediate_value_id: 1,
        trial_id: 10,
        step: 1,
        intermediate_value: 1,
        intermediate_value_type: 'FINITE',
      },
      {
        trial_intermediate_value_id: 2,
        trial_id: 10,
        step: 2,
        intermediate_value: 0.5,
        intermediate_value_type: 'FINITE',
      },
    ]);
  });

  it('asks the same of an imported study as of the original: results count as observations', async () => {
    const next = async (name: string) =>
      (await app.call('POST', `/v1/studies/${name}/ask`, { count: 2 })).json['trials'];
    const params = (trials: unknown): unknown => (trials as { params: unknown }[]).map((trial) => trial.params);
    assert.deepEqual(params(await next('from-jsonl')), params(await next('study')));
  });

  it('packs everything into one archive, the files of evaluations too', async () => {
    const content = Buffer.from('sources of trial 0');
    const stored = await app.files.put([content], content.length);
    const [trial] = await app.service.ask('study', { count: 1 });
    const { id, fence } = fenceOf(trial);
    const number = trial?.number;
    const link = { ...stored, name: 'sources.zip', mediaType: 'application/zip' };
    await app.service.tell(id, { fence, metrics: { loss: 0.5, accuracy: 0.9 } }, [link]);
    const entries = new Map(readZip(await bytes('zip')).map((entry) => [entry.name, Buffer.from(entry.bytes)]));
    assert.deepEqual(
      [...entries.keys()],
      [
        'study.json',
        'trials.jsonl',
        'trials.csv',
        'trials.parquet',
        'optuna-journal.log',
        'optuna.db',
        `artifacts/trial-${number}/sources.zip`,
      ],
    );
    assert.deepEqual(entries.get(`artifacts/trial-${number}/sources.zip`), content);
    assert.deepEqual(entries.get('trials.jsonl'), await bytes('jsonl'));
    const study = JSON.parse(entries.get('study.json')?.toString('utf8') ?? '') as { study: { name: string } };
    assert.equal(study.study.name, 'study');
    assert.equal(entries.get('optuna.db')?.subarray(0, 15).toString('latin1'), 'SQLite format 3');
  });

  it('reads a foreign Optuna study: space, condition, constraints, infinite values, waiting and failed trials', async () => {
    const constraints = (value: number) => ({ constraints: [value] });
    const file = foreignStorage([
      { state: 'COMPLETE', params: at(0.01, 0, 0.5), values: [0.3, 0.8], system: constraints(-1) },
      { state: 'COMPLETE', params: at(0.1, 1), values: [0.2, 0.9], system: constraints(2) },
      { state: 'COMPLETE', params: at(0.02, 0, 0.2), values: [0.4, 0.95], system: constraints(0) },
      { state: 'COMPLETE', params: at(0.5, 1), values: [null, 0.9], system: constraints(0) },
      { state: 'FAIL', params: at(0.6, 1) },
      { state: 'PRUNED', params: at(0.7, 0, 0.1) },
      { state: 'WAITING', params: [], system: { fixed_params: { method: 'l1', share: 0.25 } } },
      { state: 'COMPLETE', params: [['rate', 0.3, float(1e-4, 1, true)]], values: [1, 1], system: constraints(0) },
    ]);
    const { status, json, text } = await send(file);
    assert.equal(status, 201, text);
    assert.equal(json['name'], 'tuning');
    assert.deepEqual(json['objectives'], [
      { metric: 'loss', direction: 'minimize' },
      { metric: 'hit_rate', direction: 'maximize' },
    ]);
    assert.deepEqual(json['space'], [
      { name: 'rate', type: 'float', low: 1e-4, high: 1, log: true },
      { name: 'method', type: 'categorical', choices: ['l1', 'none', 'None'] },
      { name: 'share', type: 'float', low: 0, high: 0.9, when: { param: 'method', in: ['l1'] } },
    ]);
    const skipped = json['skipped'] as unknown as { number: number; reason: string }[];
    assert.deepEqual(
      skipped.map(({ number }) => number),
      [7],
    );
    assert.match(skipped[0]?.reason ?? '', /method/);
    const trials = (await app.call('GET', '/v1/studies/tuning/trials')).json['trials'] as unknown as {
      state: string;
      feasible: boolean | null;
      params: Record<string, unknown>;
    }[];
    assert.deepEqual(
      trials.map(({ state, feasible }) => [state, feasible]),
      [
        ['completed', true],
        ['completed', false],
        ['completed', true],
        ['infeasible', false],
        ['failed', null],
        ['pruned', null],
        ['waiting', null],
      ],
    );
    assert.deepEqual([trials[6]?.params['method'], trials[6]?.params['share']], ['l1', 0.25]);
    const front = (await app.call('GET', '/v1/studies/tuning')).json;
    assert.equal(front['frontSize'], 2);
  });

  it('reads a journal, with NaN and a line that was being written', async () => {
    const distribution = float(0, 1);
    const lines = [
      { op_code: 0, worker_id: 'w', study_name: 'journal', directions: [1] },
      { op_code: 4, worker_id: 'w', study_id: 0, datetime_start: '2026-01-01T00:00:00+00:00' },
      { op_code: 5, worker_id: 'w', trial_id: 0, param_name: 'x', param_value_internal: 0.25, distribution },
      { op_code: 7, worker_id: 'w', trial_id: 0, step: 1, intermediate_value: 0.9 },
      { op_code: 8, worker_id: 'w', trial_id: 0, user_attr: { gpu: 'none' } },
      {
        op_code: 6,
        worker_id: 'w',
        trial_id: 0,
        state: 1,
        values: [0.5],
        datetime_complete: '2026-01-01T00:01:00+00:00',
      },
      {
        op_code: 4,
        worker_id: 'w',
        study_id: 0,
        state: 1,
        value: 0.125,
        values: null,
        params: { x: 0.5 },
        distributions: { x: distribution },
        user_attrs: {},
        system_attrs: {},
        intermediate_values: {},
      },
    ].map((line) => JSON.stringify(line));
    const text = `${lines.join('\n')}\n{"op_code":7,"worker_id":"w","trial_id":1,"step":1,"intermediate_value":NaN}\n{"op_code":4,"wor`;
    const { status, json, text: answer } = await send(text);
    assert.equal(status, 201, answer);
    assert.deepEqual([json['name'], json['counts']['completed']], ['journal', 2]);
    const [first] = (await app.call('GET', '/v1/studies/journal/trials')).json['trials'] as unknown as Record<
      string,
      unknown
    >[];
    assert.deepEqual(first?.['userAttrs'], { gpu: 'none' });
    assert.deepEqual(first?.['intermediate'], [{ step: 1, metrics: { value: 0.9 } }]);
  });

  it('says what is wrong with other files', async () => {
    const damaged = (await bytes('optuna-sqlite')).subarray(0, 9000);
    const other = new Database(':memory:');
    other.exec('CREATE TABLE t (a)');
    for (const body of ['hello', '{"a": 1}\n', '{"op_code": 5}\n', damaged, other.serialize(), '{'.repeat(1000)]) {
      const { status, json } = await send(body);
      assert.equal(status, 422);
      assert.ok(['BAD_IMPORT', 'MISSING_KEY'].includes(json['code'] as unknown as string), String(json['code']));
    }
    other.close();
    assert.equal((await send(await bytes('jsonl'))).json['code'], 'STUDY_EXISTS');
    assert.match(
      (await send(await bytes('optuna-sqlite'), '?study=other')).json['hint'] as unknown as string,
      /"study"/,
    );
  });
});
