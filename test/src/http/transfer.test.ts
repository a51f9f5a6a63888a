import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeApp, type TestApp } from '../../support/make-app.ts';

interface AskedTrial {
  readonly id: string;
  readonly fence: number;
  readonly params: { readonly x: number; readonly y: number };
}

/** The same valley, elsewhere in height. */
const lossOf = ({ x, y }: AskedTrial['params'], offset: number): number =>
  8 * ((x - 0.8) ** 2 + (y - 0.2) ** 2) + offset;

describe('REST: learning from an earlier study', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp();
  });
  after(() => app.close());

  const run = async (name: string, offset: number, asks: number, change: object = {}) => {
    const created = await app.call('POST', '/v1/studies', {
      name,
      objectives: [{ metric: 'loss', direction: 'minimize' }],
      space: ['x', 'y'].map((axis) => ({ name: axis, type: 'float', low: 0, high: 1 })),
      sampler: { kind: 'mobo', seed: 2 },
      ...change,
    });
    assert.equal(created.status, 201, created.text);
    const losses: number[] = [];
    for (let i = 0; i < asks; i++) {
      const { json } = await app.call('POST', `/v1/studies/${name}/ask`, {});
      const [trial] = json['trials'] as unknown as AskedTrial[];
      const loss = lossOf(trial?.params ?? { x: 0, y: 0 }, offset);
      losses.push(loss - offset);
      await app.call('POST', `/v1/trials/${trial?.id}/tell`, { fence: trial?.fence, metrics: { loss } });
    }
    return { losses, view: created.json };
  };

  it('finds the valley of the earlier study from the first model on', async () => {
    await run('earlier', 0, 30, { sampler: { kind: 'sobol', seed: 1 } });
    const { losses, view } = await run('later', 5, 6, { transfer: { study: 'earlier', discount: 1 } });
    const alone = await run('alone', 5, 6);
    assert.ok(Math.min(...losses.slice(3)) < 0.02, String(losses));
    assert.ok(Math.min(...losses) < Math.min(...alone.losses));
    const earlier = (await app.call('GET', '/v1/studies/earlier')).json['id'];
    assert.deepEqual(view['transfer'], { study: earlier, discount: 1 });
  });

  it('keeps what it learned when the earlier study is gone', async () => {
    await app.call('POST', '/v1/studies/earlier/cancel');
    assert.equal((await app.call('DELETE', '/v1/studies/earlier')).status, 204);
    const clone = await app.call('POST', '/v1/studies/later/clone', { name: 'again' });
    assert.equal(clone.status, 201, clone.text);
    assert.equal((await app.call('POST', '/v1/studies/again/ask', {})).status, 200);
  });

  it('says when the earlier study is not there', async () => {
    const { status, json } = await app.call('POST', '/v1/studies', {
      name: 'lost',
      objectives: [{ metric: 'loss', direction: 'minimize' }],
      space: [{ name: 'x', type: 'float', low: 0, high: 1 }],
      transfer: { study: 'nothing' },
    });
    assert.deepEqual([status, json['code']], [404, 'STUDY_NOT_FOUND']);
  });
});
