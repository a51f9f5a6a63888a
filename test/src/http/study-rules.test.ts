import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeApp, type TestApp } from '../../support/make-app.ts';

const space = [
  { name: 'width', type: 'int', low: 1, high: 8 },
  { name: 'format', type: 'categorical', choices: ['int8', 'float32'] },
  { name: 'prune', type: 'categorical', choices: [true, false] },
  { name: 'share', type: 'float', low: 0, high: 0.9, step: 0.1, when: { param: 'prune', in: [true] } },
];

interface AskedTrial {
  readonly id: string;
  readonly fence: number;
  readonly params: Readonly<Record<string, number | string | boolean>>;
}

describe('REST: rules over parameters and known metrics', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp();
  });
  after(() => app.close());

  const create = (name: string, change: object) =>
    app.call('POST', '/v1/studies', {
      name,
      objectives: [{ metric: 'error', direction: 'minimize' }],
      space,
      sampler: { kind: 'random', seed: 3 },
      ...change,
    });
  const ask = async (name: string, count = 1) => {
    const { status, json } = await app.call('POST', `/v1/studies/${name}/ask`, { count });
    return { status, json, trials: (json['trials'] ?? []) as unknown as AskedTrial[] };
  };

  for (const kind of ['random', 'sobol', 'grid', 'nsga2', 'mobo'])
    it(`${kind} asks no point that breaks a rule, and ends when none is left`, async () => {
      const rules = ['format == "int8" or width <= 2', 'not (prune == true and share > 0.25)', 'width != 5'];
      const created = await create(`rules-${kind}`, { constraints: rules, sampler: { kind, seed: 3 } });
      assert.equal(created.status, 201, created.text);
      assert.deepEqual(created.json['constraints'], rules);
      // 7 widths of int8 and 2 of float32, each without pruning or with one of three shares.
      const cells = (7 + 2) * 4;
      const seen = new Set<string>();
      for (;;) {
        const { status, json, trials } = await ask(`rules-${kind}`, 6);
        if (status !== 200) {
          assert.deepEqual([status, json['code'], json['state']], [409, 'SPACE_EXHAUSTED', 'completed']);
          break;
        }
        for (const { id, fence, params } of trials) {
          const { width, format, prune, share } = params;
          assert.ok(format === 'int8' || Number(width) <= 2);
          assert.ok(prune === false || Number(share) <= 0.25);
          assert.notEqual(width, 5);
          seen.add(JSON.stringify(params));
          await app.call('POST', `/v1/trials/${id}/tell`, { fence, metrics: { error: Number(width) } });
        }
      }
      assert.equal(seen.size, cells);
      const { json } = await app.call('GET', `/v1/studies/rules-${kind}`);
      assert.deepEqual([json['state'], json['reason']], ['completed', 'exhausted']);
    });

  it('completes the study with the last result once nothing is left', async () => {
    await create('last', { constraints: ['width == 1', 'prune == false'] });
    const { trials } = await ask('last', 9);
    const refused = await ask('last');
    assert.deepEqual(
      [refused.status, refused.json['code'], refused.json['state']],
      [409, 'SPACE_EXHAUSTED', 'running'],
    );
    for (const { id, fence } of trials)
      await app.call('POST', `/v1/trials/${id}/tell`, { fence, metrics: { error: 1 } });
    const { json } = await app.call('GET', '/v1/studies/last');
    assert.deepEqual([json['state'], json['reason']], ['completed', 'exhausted']);
  });

  it('refuses enqueued and imported points that break a rule, by its text', async () => {
    await create('refused', { constraints: ['width <= 4'] });
    const queued = await app.call('POST', '/v1/studies/refused/enqueue', { params: { width: 6 } });
    assert.deepEqual([queued.status, queued.json['code']], [422, 'BAD_PARAMS']);
    const params = { width: 6, format: 'int8', prune: false };
    const told = await app.call('POST', '/v1/studies/refused/tell-batch', [{ params, metrics: { error: 1 } }]);
    assert.match(told.text, /"width <= 4\\" does not hold|width <= 4/);
  });

  it('takes the rule away, or another one, while the study runs', async () => {
    await create('patched', { constraints: ['width == 1', 'prune == false'] });
    assert.equal((await ask('patched', 9)).trials.length, 2);
    const { status } = await app.call('PATCH', '/v1/studies/patched', {
      constraints: ['width <= 2', 'prune == false'],
    });
    assert.equal(status, 200);
    assert.equal((await ask('patched', 9)).trials.length, 2);
  });

  for (const [text, message] of [
    ['format == "int9"', /never "int9".*/],
    ['format <= 3', /words/],
    ['width <= error', /mixes parameters \(width\)/],
    ['width == "3"', /only be compared/],
  ] as const)
    it(`refuses the constraint ${text}`, async () => {
      const { status, text: body } = await create('bad', { constraints: [text] });
      assert.equal(status, 400);
      assert.match((JSON.parse(body) as { detail: string }).detail, message);
    });

  it('computes a known metric, never asks what it forbids, and refuses a told value that contradicts it', async () => {
    const known = { romBytes: '1000 * width * if(format == "int8", 1, 4) * (1 - share) + if(prune == true, 64, 0)' };
    const created = await create('known', {
      known,
      objectives: [
        { metric: 'error', direction: 'minimize' },
        { metric: 'romBytes', direction: 'minimize' },
      ],
      constraints: ['romBytes <= 6 kB'],
      sampler: { kind: 'mobo', seed: 3, initialPoints: 6 },
    });
    assert.equal(created.status, 201, created.text);
    assert.deepEqual(created.json['known'], known);
    for (let i = 0; i < 10; i++) {
      const [trial] = (await ask('known')).trials;
      assert.ok(trial !== undefined);
      const { width, format, prune, share } = trial.params;
      const rom = 1000 * Number(width) * (format === 'int8' ? 1 : 4) * (1 - Number(share ?? 0)) + (prune ? 64 : 0);
      assert.ok(rom <= 6000);
      const url = `/v1/trials/${trial.id}/tell`;
      const wrong = { fence: trial.fence, metrics: { error: 1, romBytes: rom + 500 } };
      const refused = await app.call('POST', url, wrong);
      assert.deepEqual([refused.status, refused.json['code']], [422, 'BAD_METRIC']);
      const told = await app.call('POST', url, { fence: trial.fence, metrics: { error: 1 / Number(width) } });
      assert.ok(Math.abs(Number(told.json['metrics']['romBytes']['mean']) - rom) < 1e-9);
      assert.equal(told.json['feasible'], true);
      const predicted = (told.json['why']['predicted'] ?? null) as unknown as Record<string, { sd: number }> | null;
      if (predicted !== null) assert.equal(predicted['romBytes']?.sd, 0);
    }
  });

  it('refuses what cannot be honoured', async () => {
    const evaluation = {
      kind: 'compression',
      model: 'a.onnx',
      dataset: { kind: 'builtin', name: 'mnist' },
      board: 'pico',
    };
    const objectives = [{ metric: 'accuracy', direction: 'maximize' }];
    const early = await create('bad', { objectives, earlyStopping: {} });
    assert.deepEqual([early.status, early.json['where']], [400, 'earlyStopping.horizon'], early.text);
    const known = await create('bad', { evaluation, objectives, known: { romBytes: 'width' } });
    assert.deepEqual([known.status, known.json['where']], [400, 'known']);
  });

  it('takes prior means, and refuses formulas that cannot be read', async () => {
    const prior = { error: 'macs / 1e4' };
    assert.equal((await create('prior', { known: { macs: 'width ^ 2' }, priorMean: prior })).status, 201);
    const bad = await create('bad', { known: { romBytes: '4 * wdth' } });
    assert.deepEqual([bad.status, bad.json['where'], bad.json['code']], [400, 'known.romBytes', 'BAD_FORMULA']);
    assert.match(bad.json['hint'] as unknown as string, /did you mean "width"/);
    const twice = await create('bad', { known: { error: 'width' }, priorMean: { error: 'width' } });
    assert.equal(twice.status, 400);
  });
});
