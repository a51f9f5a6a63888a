import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeApp, type TestApp } from '../../support/make-app.ts';
import { makeDefinition } from '../../support/make-study.ts';

describe('REST: what a study has taught', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp();
    await app.service.create(
      makeDefinition({
        objectives: [{ metric: 'loss', direction: 'minimize' }],
        space: [
          { name: 'strong', type: 'float', low: 0, high: 1 },
          { name: 'weak', type: 'float', low: 0, high: 1 },
        ],
      }),
    );
    for (let i = 0; i < 24; i++) {
      const [trial] = await app.service.ask('study');
      const { strong, weak } = trial?.params ?? {};
      const loss = 10 * Number(strong) ** 2 + 0.1 * Number(weak);
      await app.service.tell(trial?.id ?? '', { fence: trial?.fence ?? 0, metrics: { loss } });
    }
  });
  after(() => app.close());

  it('ranks the parameters by what they change', async () => {
    const { status, json } = await app.call('GET', '/v1/studies/study/importance');
    assert.equal(status, 200);
    const [strong, weak] = json['metrics']['loss'] as unknown as { parameter: string; total: number }[];
    assert.deepEqual([strong?.parameter, weak?.parameter], ['strong', 'weak']);
    assert.ok((strong?.total ?? 0) > 0.9 && (weak?.total ?? 1) < 0.1);
  });

  it('has observed and predicted values along each parameter', async () => {
    const { json } = await app.call('GET', '/v1/studies/study/slice?param=strong&points=5');
    const slice = json['slices'][0];
    assert.equal((slice['observed'] as unknown as unknown[]).length, 24);
    const predicted = slice['predicted']['metrics']['loss'] as unknown as { mean: number }[];
    assert.equal(predicted.length, 5);
    assert.ok((predicted[4]?.mean ?? 0) > (predicted[0]?.mean ?? 0) + 5);
    const unknown = await app.call('GET', '/v1/studies/study/slice?param=nothing');
    assert.deepEqual([unknown.status, unknown.json['code']], [422, 'BAD_QUESTION']);
  });

  it('predicts over two parameters', async () => {
    const { status, json } = await app.call('GET', '/v1/studies/study/contour?x=strong&y=weak&points=4');
    assert.equal(status, 200);
    const rows = json['metrics']['loss'] as unknown as { mean: number; sd: number }[][];
    assert.deepEqual([rows.length, rows[0]?.length], [4, 4]);
    assert.ok((rows[0]?.[3]?.mean ?? 0) > (rows[3]?.[0]?.mean ?? 0) + 5);
    const same = await app.call('GET', '/v1/studies/study/contour?x=strong&y=strong');
    assert.deepEqual([same.status, same.json['code']], [422, 'BAD_QUESTION']);
  });

  it('tells how well each trial is foretold by the others', async () => {
    const { json } = await app.call('GET', '/v1/studies/study/calibration');
    const [loss] = json['summary'] as unknown as { metric: string; count: number; explainedVariance: number }[];
    assert.deepEqual([loss?.metric, loss?.count], ['loss', 24]);
    assert.ok((loss?.explainedVariance ?? 0) > 0.9);
    assert.equal((json['heldOut']['loss'] as unknown as unknown[]).length, 24);
  });

  it('has a timeline and findings about its health', async () => {
    const timeline = await app.call('GET', '/v1/studies/study/timeline');
    assert.equal((timeline.json['trials'] as unknown as unknown[]).length, 24);
    assert.equal((timeline.json['trials'][0]['attempts'] as unknown as unknown[]).length, 1);
    assert.ok(Array.isArray((await app.call('GET', '/v1/studies/study/health')).json['findings']));
  });
});
