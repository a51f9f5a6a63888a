import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { makeApp, type TestApp } from '../../support/make-app.ts';
import { makeDefinition } from '../../support/make-study.ts';

describe('REST: studies and trials', () => {
  let app: TestApp;
  let name: string;
  let count = 0;
  before(async () => {
    app = await makeApp();
  });
  after(() => app.close());
  beforeEach(() => {
    name = `s${++count}`;
  });

  const create = (change = {}) => app.call('POST', '/v1/studies', makeDefinition({ name, ...change }));
  const ask = async (body: object = {}) => (await app.call('POST', `/v1/studies/${name}/ask`, body)).json['trials'][0];

  it('create, list, read, change and remove a study', async () => {
    const made = await create();
    assert.equal(made.status, 201);
    assert.match(String(made.json['id']), /^st_[0-9a-f]{16}$/);
    assert.equal(made.headers['location'], `/v1/studies/${made.json['id']}`);
    assert.equal((await create()).status, 409);
    const again = await app.call('POST', '/v1/studies?ifExists=return', makeDefinition({ name }));
    assert.deepEqual([again.status, again.json['id']], [200, made.json['id']]);
    for (const ref of [name, String(made.json['id'])])
      assert.equal((await app.call('GET', `/v1/studies/${ref}`)).status, 200);
    const etag = String(made.headers['etag']);
    const patched = await app.call('PATCH', `/v1/studies/${name}`, { notes: 'n' }, { 'if-match': etag });
    assert.equal(patched.status, 200);
    assert.notEqual(patched.headers['etag'], etag);
    assert.equal((await app.call('PATCH', `/v1/studies/${name}`, { notes: 'm' }, { 'if-match': etag })).status, 412);
    assert.equal((await app.call('DELETE', `/v1/studies/${name}`)).status, 409);
    assert.equal((await app.call('POST', `/v1/studies/${name}/cancel`)).json['state'], 'cancelled');
    assert.equal((await app.call('DELETE', `/v1/studies/${name}`)).status, 204);
    assert.equal((await app.call('GET', `/v1/studies/${name}`)).json['code'], 'STUDY_NOT_FOUND');
  });

  it('pages the list of studies', async () => {
    for (let i = 0; i < 3; i++) await app.call('POST', '/v1/studies', makeDefinition({ name: `${name}-${i}` }));
    const seen: string[] = [];
    let cursor: unknown = null;
    do {
      const page = await app.call('GET', `/v1/studies?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...(page.json['studies'] as unknown as { name: string }[]).map((study) => study.name));
      cursor = page.json['nextCursor'];
    } while (cursor !== null);
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.includes(`${name}-2`));
  });

  it('names what is wrong with a body, in a problem document', async () => {
    const bad = await create({ sampelr: {} });
    assert.equal(bad.status, 400);
    assert.match(String(bad.headers['content-type']), /^application\/problem\+json/);
    assert.deepEqual(
      [bad.json['code'], bad.json['where'], bad.json['hint'], bad.json['status']],
      ['UNKNOWN_KEY', 'sampelr', 'did you mean "sampler"?', 400],
    );
    assert.equal((await create({ constraints: ['x.constructor <= 1'] })).json['code'], 'BAD_CONSTRAINT');
    assert.equal((await app.call('GET', '/v1/studies?limit=abc')).json['where'], 'query.limit');
    assert.equal(
      (await app.call('POST', '/v1/studies', '{"a":', { 'content-type': 'application/json' })).json['code'],
      'BAD_JSON',
    );
    assert.equal((await app.call('POST', '/v1/studies', 'a=1', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await app.call('POST', '/v1/studies')).json['code'], 'MISSING_KEY');
    const evil = await app.call('POST', '/v1/studies', '{"__proto__": {"a": 1}}', {
      'content-type': 'application/json',
    });
    assert.equal(evil.json['code'], 'BAD_JSON');
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    assert.equal(
      (await app.call('POST', '/v1/studies', deep, { 'content-type': 'application/json' })).json['code'],
      'BAD_JSON',
    );
    const long = JSON.stringify({ notes: 'x'.repeat(2_000_000) });
    assert.equal((await app.call('POST', '/v1/studies', long, { 'content-type': 'application/json' })).status, 413);
  });

  it('tells apart unknown paths and wrong methods', async () => {
    assert.deepEqual(
      [(await app.call('GET', '/v1/nothing')).status, (await app.call('GET', '/v1/nothing')).json['code']],
      [404, 'NOT_FOUND'],
    );
    const wrong = await app.call('PUT', '/v1/studies');
    assert.deepEqual([wrong.status, wrong.json['code']], [405, 'METHOD_NOT_ALLOWED']);
    assert.match(String(wrong.headers['allow']), /POST/);
  });

  it('ask, heartbeat, tell; the same tell is replayed, another one refused', async () => {
    await create();
    const trial = await ask();
    const url = `/v1/trials/${trial['id']}`;
    const beat = await app.call('POST', `${url}/heartbeat`, {
      fence: trial['fence'],
      progress: 0.5,
      intermediate: { loss: 1 },
    });
    assert.deepEqual([beat.status, beat.json['directive']], [200, 'continue']);
    const body = { fence: trial['fence'], metrics: { loss: 1, accuracy: { mean: 0.5, stderr: 0.1, n: 4 } } };
    const told = await app.call('POST', `${url}/tell`, body);
    assert.deepEqual([told.status, told.json['state'], told.json['replayed']], [200, 'completed', undefined]);
    const again = await app.call('POST', `${url}/tell`, body);
    assert.deepEqual([again.status, again.json['replayed']], [200, true]);
    const other = await app.call('POST', `${url}/tell`, { ...body, metrics: { loss: 2, accuracy: 1 } });
    assert.deepEqual([other.status, other.json['code']], [409, 'TRIAL_ALREADY_TOLD']);
    const stale = await app.call('POST', `${url}/tell`, { ...body, fence: 999 });
    assert.deepEqual([stale.status, stale.json['code']], [410, 'LEASE_LOST']);
    assert.deepEqual((await app.call('GET', url)).json, told.json);
  });

  it('refuses numbers that are not finite with 422, as some clients write them', async () => {
    await create();
    const trial = await ask();
    for (const text of ['NaN', '-Infinity', '1e999', 'null', '"1"', 'true', '[]']) {
      const body = `{"fence": ${trial['fence']}, "metrics": {"loss": ${text}, "accuracy": 1}, "userAttrs": {"a": "NaN"}}`;
      const answer = await app.call('POST', `/v1/trials/${trial['id']}/tell`, body, {
        'content-type': 'application/json',
      });
      assert.deepEqual([answer.status, answer.json['where']], [422, 'metrics.loss'], text);
    }
    const missing = await app.call('POST', `/v1/trials/${trial['id']}/tell`, {
      fence: trial['fence'],
      metrics: { loss: 1 },
    });
    assert.deepEqual([missing.status, missing.json['where']], [422, 'metrics.accuracy']);
  });

  it('says why there is nothing to ask for', async () => {
    await create({ budget: { trials: 1 } });
    await ask();
    const spent = await app.call('POST', `/v1/studies/${name}/ask`);
    assert.deepEqual(
      [spent.status, spent.json['code'], spent.json['state'], spent.json['reason']],
      [409, 'STUDY_NOT_RUNNING', 'running', 'budget'],
    );
    await app.call('POST', `/v1/studies/${name}/pause`);
    const paused = await app.call('POST', `/v1/studies/${name}/ask`);
    assert.deepEqual([paused.json['code'], paused.json['state']], ['STUDY_NOT_RUNNING', 'paused']);
  });

  it('takes known results as an array or as lines', async () => {
    await create();
    const items = [
      { params: { x: 0.1, n: 1 }, metrics: { loss: 1, accuracy: 1 } },
      { params: { x: 0.1, n: 99 }, metrics: { loss: 1, accuracy: 1 } },
      { nothing: 1 },
    ];
    const array = await app.call('POST', `/v1/studies/${name}/tell-batch`, items);
    assert.equal(array.status, 200);
    const results = array.json as unknown as { status: number; trial?: { id: string }; error?: { code: string } }[];
    assert.deepEqual(
      results.map(({ status, error }) => [status, error?.code]),
      [
        [201, undefined],
        [422, 'BAD_PARAMS'],
        [400, 'UNKNOWN_KEY'],
      ],
    );
    const lines = items.map((item) => JSON.stringify(item)).join('\n');
    const streamed = await app.call('POST', `/v1/studies/${name}/tell-batch`, lines, {
      'content-type': 'application/x-ndjson',
    });
    const answered = streamed.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: number; trial?: { replayed?: boolean } });
    assert.deepEqual(
      answered.map(({ status }) => status),
      [200, 422, 400],
    );
    assert.equal(answered[0]?.trial?.replayed, true);
  });

  it('pages trials by number, id or cursor, and by state', async () => {
    await create();
    const trials = (await app.call('POST', `/v1/studies/${name}/ask`, { count: 5 })).json['trials'] as unknown as {
      id: string;
      fence: number;
      number: number;
    }[];
    await app.call('POST', `/v1/trials/${trials[1]?.id}/tell`, {
      fence: trials[1]?.fence,
      metrics: { loss: 1, accuracy: 1 },
    });
    const numbers = async (query: string): Promise<number[]> =>
      (
        (await app.call('GET', `/v1/studies/${name}/trials${query}`)).json['trials'] as unknown as { number: number }[]
      ).map(({ number }) => number);
    assert.deepEqual(await numbers(''), [0, 1, 2, 3, 4]);
    assert.deepEqual(await numbers('?after=2'), [3, 4]);
    assert.deepEqual(await numbers(`?after=${trials[2]?.id}`), [3, 4]);
    assert.deepEqual(await numbers('?state=completed'), [1]);
    const page = await app.call('GET', `/v1/studies/${name}/trials?limit=2`);
    assert.deepEqual(await numbers(`?limit=2&cursor=${page.json['nextCursor']}`), [2, 3]);
    assert.equal((await app.call('GET', `/v1/studies/${name}/trials?after=x`)).status, 400);
  });

  it('has the front and the hypervolume', async () => {
    await create();
    await app.call('POST', `/v1/studies/${name}/tell-batch`, [
      { params: { x: 0.1, n: 1 }, metrics: { loss: 1, accuracy: 1 } },
      { params: { x: 0.2, n: 1 }, metrics: { loss: 2, accuracy: 2 } },
      { params: { x: 0.3, n: 1 }, metrics: { loss: 3, accuracy: 1 } },
    ]);
    const front = await app.call('GET', `/v1/studies/${name}/front`);
    assert.deepEqual(
      (front.json['front'] as unknown as { number: number }[]).map(({ number }) => number),
      [0, 1],
    );
    const { reference, values } = (await app.call('GET', `/v1/studies/${name}/hypervolume`)).json;
    assert.equal((reference as unknown as number[]).length, 2);
    assert.equal((values as unknown as unknown[]).length, 3);
    assert.deepEqual((await app.call('GET', `/v1/studies/${name}`)).json['hypervolume']['reference'], reference);
  });

  it('describes itself: OpenAPI 3.1 with every route, its scope and its problems', async () => {
    const { json } = await app.call('GET', '/openapi.json');
    assert.equal(json['openapi'], '3.1.0');
    const paths = Object.keys(json['paths']);
    for (const path of [
      '/v1/studies',
      '/v1/studies/{study}/ask',
      '/v1/trials/{trial}/tell',
      '/v1/models',
      '/v1/agents/register',
      '/healthz',
    ])
      assert.ok(paths.includes(path), path);
    for (const [path, methods] of Object.entries(json['paths']))
      for (const [method, operation] of Object.entries(methods)) {
        assert.ok(operation['operationId'], `${method} ${path} has an operationId`);
        assert.ok(
          operation['responses']['4XX'] ?? operation['responses']['4xx'],
          `${method} ${path} names its problems`,
        );
      }
    assert.equal((await app.call('GET', '/docs/')).status, 200);
  });

  it('is alive, ready and measured', async () => {
    assert.equal((await app.call('GET', '/healthz')).status, 200);
    const { links = {} } = (await app.call('GET', '/')).json;
    for (const link of Object.values(links).map(String)) assert.ok((await app.call('GET', link)).status < 400, link);
    assert.equal((await app.call('GET', '/readyz')).json['status'], 'ready');
    assert.match((await app.call('GET', '/metrics')).text, /tinypareto_http_request_seconds_count/);
  });
});
