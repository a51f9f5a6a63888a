import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../src/errors.ts';
import { storeArtifacts } from '../../../src/study/evaluations.ts';
import { makeApp, type TestApp } from '../../support/make-app.ts';
import { fenceOf, makeDefinition, runOne } from '../../support/make-study.ts';

describe('REST: files', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp({
      modelLimitBytes: 1000,
      describeModel: async (bytes) => {
        if (bytes[0] === 0) throw new UserError({ code: 'BAD_MODEL', message: 'not a model', status: 422 });
        return { params: bytes.length };
      },
      evaluator: {
        evaluate: async (request, { onProgress }) => {
          onProgress(0.5);
          if (request.board === 'none') throw new UserError({ code: 'UNKNOWN_BOARD', message: 'no board "none"' });
          return {
            state: 'completed',
            metrics: { romBytes: { mean: 5, provenance: 'simulated' } },
            files: [{ name: 'report.json', mediaType: 'application/json', bytes: Buffer.from('{}') }],
          };
        },
      },
    });
  });
  after(() => app.close());
  const bytes = { 'content-type': 'application/octet-stream' };

  it('stores an upload under its hash and says what is inside', async () => {
    const content = Buffer.from('model bytes');
    const sha256 = createHash('sha256').update(content).digest('hex');
    const made = await app.call('POST', '/v1/models', content, bytes);
    assert.deepEqual([made.status, made.json['sha256'], made.json['summary']['params']], [201, sha256, content.length]);
    assert.deepEqual((await app.call('GET', `/v1/models/${sha256}`)).json, made.json);
    assert.deepEqual(await app.files.read(sha256), content);
    const json = await app.call('POST', '/v1/datasets', '{"a": 1}', { 'content-type': 'application/json' });
    assert.equal(json.json['sizeBytes'], 8);
  });

  it('refuses what is too large, empty or no model, and leaves nothing behind', async () => {
    assert.equal((await app.call('POST', '/v1/models', Buffer.alloc(1001, 1), bytes)).json['code'], 'BODY_TOO_LARGE');
    assert.equal((await app.call('POST', '/v1/models', undefined)).json['code'], 'EMPTY_BODY');
    assert.equal((await app.call('POST', '/v1/models', Buffer.from([0, 1]), bytes)).json['code'], 'BAD_MODEL');
    assert.equal((await app.call('GET', `/v1/models/${'0'.repeat(64)}`)).status, 404);
    assert.equal((await app.call('GET', '/v1/models/..%2f..%2fetc%2fpasswd')).status, 400);
    assert.deepEqual(readdirSync(path.join(app.folder, 'artifacts', 'incoming')), []);
  });

  it('hands out artifacts of trials as attachments', async () => {
    await app.call('POST', '/v1/studies', makeDefinition({ name: 'files' }));
    const [trial] = await app.service.ask('files');
    const { id, fence } = fenceOf(trial);
    const links = await storeArtifacts(app.files, [
      { name: 'a b.html', mediaType: 'text/html', bytes: Buffer.from('<script>') },
    ]);
    await app.service.tell(id, { fence, metrics: { loss: 1, accuracy: 1 } }, links);
    const list = await app.call('GET', `/v1/trials/${id}/artifacts`);
    assert.deepEqual(
      (list.json['artifacts'] as unknown as { name: string }[]).map(({ name }) => name),
      ['a b.html'],
    );
    const file = await app.call('GET', `/v1/trials/${id}/artifacts/a%20b.html`);
    assert.equal(file.text, '<script>');
    assert.equal(file.headers['content-disposition'], 'attachment; filename="a_b.html"');
    assert.equal(file.headers['x-content-type-options'], 'nosniff');
    assert.equal((await app.call('GET', `/v1/trials/${id}/artifacts/..%2f..%2fx`)).json['code'], 'ARTIFACT_NOT_FOUND');
  });

  it('runs single evaluations in the background', async () => {
    const started = await app.call('POST', '/v1/evaluations', {
      model: 'x',
      board: 'pico',
      plan: { quantize: { format: 'int8' } },
    });
    assert.equal(started.status, 202);
    let view = started.json;
    for (let i = 0; i < 100 && (view['state'] as unknown) === 'running'; i++) {
      await sleep(5);
      view = (await app.call('GET', String(started.headers['location']))).json;
    }
    assert.deepEqual([view['state'], view['metrics']['romBytes']['mean']], ['completed', 5]);
    assert.equal((await app.call('GET', `${started.headers['location']}/artifacts/report.json`)).text, '{}');
    assert.equal(
      (await app.call('POST', '/v1/evaluations', { model: 'x', board: 'a', plan: { prnue: {} } })).json['code'],
      'UNKNOWN_KEY',
    );
    assert.equal((await app.call('GET', '/v1/evaluations/ev_x')).status, 404);
  });

  it('exports trials as CSV, as Parquet and as lines', async () => {
    await app.call('POST', '/v1/studies', makeDefinition({ name: 'rows', constraints: ['loss <= 5'] }));
    await runOne(app.service, 'rows');
    const [second] = await app.service.ask('rows');
    const { id, fence } = fenceOf(second);
    await app.service.tell(id, { fence, state: 'infeasible', reason: '=cmd(), "quoted"' });
    const csv = await app.call('GET', '/v1/studies/rows/export?format=csv');
    const lines = csv.text.trimEnd().split('\r\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? '', /^number,id,state,feasible,params\.x,params\.n,metrics\.loss/);
    assert.match(lines[2] ?? '', /"'=cmd\(\), ""quoted"""/);
    const parquet = await app.call('GET', '/v1/studies/rows/export?format=parquet');
    assert.equal(parquet.headers['content-type'], 'application/vnd.apache.parquet');
    assert.ok(parquet.text.startsWith('PAR1') && parquet.text.endsWith('PAR1'));
    const jsonl = await app.call('GET', '/v1/studies/rows/export?format=jsonl');
    const trials = jsonl.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { number: number; definition?: { name: string } });
    assert.deepEqual(
      trials.map(({ number }) => number),
      [0, 1],
    );
    assert.equal(trials[0]?.definition?.name, 'rows');
    assert.match(String((await app.call('GET', '/v1/studies/rows/export?format=cvs')).json['hint']), /"csv"/);
  });
});

/** Reads server-sent events until `enough` of them came. */
async function readEvents(
  url: string,
  headers: Record<string, string>,
  enough: number,
): Promise<{ id: number; type: string; data: unknown }[]> {
  const stop = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: stop.signal });
  assert.equal(response.headers.get('content-type')?.split(';')[0], 'text/event-stream');
  const events: { id: number; type: string; data: unknown }[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim() ?? '';
      if (field('id') !== '')
        events.push({ id: Number(field('id')), type: field('event'), data: JSON.parse(field('data')) });
    }
    if (events.length >= enough) break;
  }
  stop.abort();
  return events;
}

describe('REST: events', () => {
  it('streams old and new events without a gap, and resumes after Last-Event-ID', async () => {
    const app = await makeApp();
    const address = await app.listen(0);
    try {
      await app.service.create(makeDefinition());
      await runOne(app.service, 'study');
      const url = `${address}/v1/studies/study/events`;
      const reading = readEvents(url, { 'last-event-id': '0' }, 7);
      await sleep(30);
      await runOne(app.service, 'study');
      await app.service.create(makeDefinition({ name: 'other' }));
      await runOne(app.service, 'study');
      const events = await reading;
      const stored = await app.service.eventsAfter('study', 0);
      assert.deepEqual(
        events.map(({ id }) => id),
        stored.map(({ seq }) => seq),
      );
      assert.equal(events[0]?.type, 'study.created');
      const resumed = await readEvents(url, { 'last-event-id': String(events[4]?.id) }, 2);
      assert.deepEqual(
        resumed.map(({ id }) => id),
        events.slice(5).map(({ id }) => id),
      );
      const lines = (await app.call('GET', `/v1/studies/study/events?after=${events[4]?.id}`)).text
        .trimEnd()
        .split('\n');
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { seq: number }).seq),
        events.slice(5).map(({ id }) => id),
      );
      const waiting = app.call('GET', `/v1/events?after=${app.service.lastSeq}&wait=5`);
      await sleep(20);
      await app.service.verb('study', 'pause');
      assert.equal((JSON.parse((await waiting).text) as { type: string }).type, 'study.state');
    } finally {
      await app.close();
    }
  });
});
