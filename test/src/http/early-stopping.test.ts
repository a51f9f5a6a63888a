import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeApp, type TestApp } from '../../support/make-app.ts';

interface AskedTrial {
  readonly id: string;
  readonly fence: number;
  readonly params: { readonly level: number; readonly epochs: number };
}

/** Falls from 1 to its level; ROM is known from the first moment. */
const errorAfter = (level: number, epoch: number): number => level + (1 - level) * 0.4 ** epoch;

describe('REST: trials that are not worth finishing', () => {
  let app: TestApp;
  before(async () => {
    app = await makeApp();
    const { status, text } = await app.call('POST', '/v1/studies', {
      name: 'early',
      objectives: [
        { metric: 'error', direction: 'minimize', reference: 1 },
        { metric: 'romBytes', direction: 'minimize', reference: 200 },
      ],
      space: [
        { name: 'level', type: 'float', low: 0, high: 0.9 },
        { name: 'epochs', type: 'int', low: 10, high: 12 },
      ],
      known: { romBytes: '100 - 50 * level' },
      sampler: { kind: 'random', seed: 1 },
      earlyStopping: { horizon: 'epochs', minCompleted: 6 },
    });
    assert.equal(status, 201, text);
  });
  after(() => app.close());

  const next = async (): Promise<AskedTrial> => {
    const { json } = await app.call('POST', '/v1/studies/early/ask', {});
    return (json['trials'] as unknown as AskedTrial[])[0] as AskedTrial;
  };
  const beat = (trial: AskedTrial, intermediate: object) =>
    app.call('POST', `/v1/trials/${trial.id}/heartbeat`, { fence: trial.fence, intermediate });

  it('lets trials run while there is too little to compare with', async () => {
    for (let i = 0; i < 6; i++) {
      const trial = await next();
      const { level, epochs } = trial.params;
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const answer = await beat(trial, { step: epoch, metrics: { error: errorAfter(0.05 * level, epoch) } });
        assert.deepEqual([answer.status, answer.json['directive']], [200, 'continue']);
      }
      const metrics = { error: errorAfter(0.05 * level, epochs) };
      const told = await app.call('POST', `/v1/trials/${trial.id}/tell`, { fence: trial.fence, metrics });
      assert.equal(told.status, 200, told.text);
      assert.equal((told.json['intermediate'] as unknown as unknown[]).length, epochs);
    }
  });

  it('says stop to a hopeless one, and stores what its curve foretells as pruned', async () => {
    const trial = await next();
    let epoch = 0;
    let answer = await beat(trial, { error: errorAfter(0.8, ++epoch) });
    while ((answer.json['directive'] as unknown) === 'continue' && epoch < trial.params.epochs)
      answer = await beat(trial, { error: errorAfter(0.8, ++epoch) });
    assert.equal(answer.json['directive'], 'stop');
    assert.ok(epoch < 8, `only after ${epoch} epochs`);
    assert.ok(Number(answer.json['probability']) < 0.05);
    assert.match(answer.json['reason'] as unknown as string, /chance to improve the front/);

    const body = { fence: trial.fence, state: 'pruned' };
    const told = await app.call('POST', `/v1/trials/${trial.id}/tell`, body);
    assert.deepEqual([told.status, told.json['state'], told.json['feasible']], [200, 'pruned', null]);
    const { error, romBytes } = told.json['metrics'] as unknown as Record<string, { mean: number; stderr: number }>;
    assert.ok(Math.abs((error?.mean ?? 0) - 0.8) < 0.1 && (error?.stderr ?? 0) > 0);
    assert.equal(romBytes?.mean, 100 - 50 * trial.params.level);

    const promising = await next();
    const level = 0.001 * promising.params.level;
    for (let step = 1; step <= 8; step++)
      assert.equal(
        (await beat(promising, { step, metrics: { error: errorAfter(level, step) } })).json['directive'],
        'continue',
      );
    const metrics = { error: level };
    await app.call('POST', `/v1/trials/${promising.id}/tell`, { fence: promising.fence, metrics });

    const again = await app.call('POST', `/v1/trials/${trial.id}/tell`, body);
    assert.deepEqual([again.status, again.json['replayed']], [200, true]);
  });

  it('refuses values that are not numbers, and a horizon that cannot be computed', async () => {
    const trial = await next();
    const bad = await app.call('POST', `/v1/trials/${trial.id}/heartbeat`, {
      fence: trial.fence,
      intermediate: { error: 'low' },
    });
    assert.ok(bad.status >= 400 && bad.status < 500);
    const study = {
      name: 'bad',
      objectives: [{ metric: 'a', direction: 'minimize' }],
      space: [{ name: 'x', type: 'float', low: 0, high: 1 }],
    };
    const refused = await app.call('POST', '/v1/studies', { ...study, earlyStopping: { horizon: 'epochs' } });
    assert.deepEqual([refused.status, refused.json['where']], [400, 'earlyStopping.horizon']);
  });

  it('chooses the effort by gain per second where the study says what a second buys', async () => {
    const study = {
      name: 'fidelity',
      objectives: [{ metric: 'error', direction: 'minimize', reference: 1 }],
      space: [
        { name: 'level', type: 'float', low: 0, high: 0.9 },
        { name: 'epochs', type: 'int', low: 1, high: 40 },
      ],
      sampler: { kind: 'mobo', seed: 3 },
    };
    const lost = await app.call('POST', '/v1/studies', { ...study, fidelity: { parameter: 'epoch', seconds: '1' } });
    assert.deepEqual([lost.status, lost.json['where']], [400, 'fidelity.parameter']);
    const fidelity = { parameter: 'epochs', seconds: '1 + 2 * epochs' };
    const created = await app.call('POST', '/v1/studies', { ...study, fidelity });
    assert.deepEqual([created.status, created.json['fidelity']], [201, fidelity]);
    let note: unknown;
    for (let i = 0; i < 9; i++) {
      const { json } = await app.call('POST', '/v1/studies/fidelity/ask', {});
      const trial = json['trials'][0] as unknown as AskedTrial & { readonly why: { readonly note?: string } };
      note = trial.why.note;
      const metrics = { error: errorAfter(trial.params.level, trial.params.epochs) };
      await app.call('POST', `/v1/trials/${trial.id}/tell`, { fence: trial.fence, metrics });
    }
    assert.match(String(note), /gain per second/);
  });
});
