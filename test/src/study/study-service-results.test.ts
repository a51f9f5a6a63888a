import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fenceOf, finiteSpace, makeDefinition, runOne } from '../../support/make-study.ts';
import { useStudyService } from '../../support/use-study-service.ts';

describe('results of a study service', () => {
  const fixture = useStudyService();

  describe('telling', () => {
    it('keeps metrics, verdicts and free attributes', async () => {
      await fixture.create({ constraints: ['loss <= 0.5', { metric: 'ramBytes', op: '<', bound: 100 }] });
      const trial = await fixture.one();
      const told = await fixture.service.tell(trial.id, {
        fence: fenceOf(trial).fence,
        metrics: { loss: { mean: 0.7, stderr: 0.1, n: 3 }, accuracy: 0.9, ramBytes: 99, other: 5 },
        userAttrs: { host: { name: 'a' } },
      });
      assert.equal(told.feasible, false);
      assert.ok(Math.abs((told.constraints['loss <= 0.5'] ?? 0) - 0.2) < 1e-12);
      assert.equal(told.constraints['ramBytes < 100'], -1);
      assert.deepEqual(told.metrics['loss'], { mean: 0.7, stderr: 0.1, n: 3 });
      assert.deepEqual(told.metrics['other'], { mean: 5 });
      assert.deepEqual(told.userAttrs, { host: { name: 'a' } });
      await fixture.restart();
      assert.deepEqual(await fixture.service.trial(trial.id), told);
    });

    const bad: readonly [string, Record<string, unknown>, string][] = [
      ['a missing objective', { loss: 1 }, 'metrics.accuracy'],
      ['a missing constraint metric', { loss: 1, accuracy: 1 }, 'metrics.ramBytes'],
      ['infinity', { loss: Number.POSITIVE_INFINITY, accuracy: 1, ramBytes: 1 }, 'metrics.loss'],
      ['NaN', { loss: Number.NaN, accuracy: 1, ramBytes: 1 }, 'metrics.loss'],
      ['NaN inside', { loss: { mean: 1, stderr: Number.NaN }, accuracy: 1, ramBytes: 1 }, 'metrics.loss.stderr'],
      ['text', { loss: '1', accuracy: 1, ramBytes: 1 }, 'metrics.loss'],
      ['null', { loss: null, accuracy: 1, ramBytes: 1 }, 'metrics.loss'],
      ['a negative error', { loss: { mean: 1, stderr: -1 }, accuracy: 1, ramBytes: 1 }, 'metrics.loss.stderr'],
      ['an unknown part', { loss: { mean: 1, std: 1 }, accuracy: 1, ramBytes: 1 }, 'metrics.loss.std'],
      ['an odd name', { 'a b': 1, loss: 1, accuracy: 1, ramBytes: 1 }, 'metrics.a b'],
    ];
    for (const [what, metrics, where] of bad)
      it(`refuses ${what} with the name of the field, and the trial runs on`, async () => {
        await fixture.create({ constraints: ['ramBytes <= 100'] });
        const trial = await fixture.one();
        await assert.rejects(fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics }), {
          status: 422,
          where,
        });
        assert.equal((await fixture.service.trial(trial.id)).state, 'running');
      });

    it('tries a failed trial again as often as allowed, and never an infeasible one', async () => {
      await fixture.create({ maxAttempts: 2 });
      const trial = await fixture.one();
      assert.equal(
        (await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, state: 'failed', reason: 'cable' })).state,
        'waiting',
      );
      const again = await fixture.one();
      assert.equal(again.id, trial.id);
      assert.equal(
        (await fixture.service.tell(trial.id, { fence: fenceOf(again).fence, state: 'failed' })).state,
        'failed',
      );
      const next = await fixture.one();
      await fixture.service.tell(next.id, { fence: fenceOf(next).fence, state: 'infeasible', reason: 'too big' });
      assert.notEqual((await fixture.one()).id, next.id);
    });

    it('finds no trial under a made-up id', async () => {
      const { study } = await fixture.create();
      for (const id of ['tr_x', `tr_${study.id.slice(3)}_7`, study.id, 'tr_0000000000000000_0'])
        await assert.rejects(fixture.service.trial(id), { code: 'TRIAL_NOT_FOUND', status: 404 });
    });
  });

  describe('known results', () => {
    it('are taken with their params, each judged alone, and counted once', async () => {
      await fixture.create({ budget: { trials: 1 } });
      const items = [
        { params: { x: 0.5, n: 3 }, metrics: { loss: 1, accuracy: 1 } },
        { params: { x: 5, n: 3 }, metrics: { loss: 1, accuracy: 1 } },
        { params: { x: 0.5, n: 4 }, metrics: { loss: 1 } },
        { params: { x: 0.5, n: 5 }, state: 'infeasible' as const },
      ];
      const results = await fixture.service.tellBatch('study', items);
      assert.deepEqual(
        results.map((result) => (result.ok ? result.trial.state : result.error.code)),
        ['completed', 'BAD_PARAMS', 'MISSING_METRIC', 'infeasible'],
      );
      const again = await fixture.service.tellBatch('study', items);
      assert.deepEqual(
        again.map((result) => result.ok && result.trial.replayed === true),
        [true, false, false, true],
      );
      assert.equal((await fixture.service.get('study')).counts.total, 2);
      assert.equal((await fixture.service.ask('study')).length, 1, 'known results are outside the budget');
    });

    it('finish trials that were asked for', async () => {
      await fixture.create();
      const trial = await fixture.one();
      const [result] = await fixture.service.tellBatch('study', [
        { trial: trial.id, fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } },
      ]);
      assert.equal(result?.ok && result.trial.state, 'completed');
    });

    it('are never suggested again', async () => {
      await fixture.create({ space: finiteSpace(3) });
      await fixture.service.tellBatch(
        'study',
        [1, 2].map((n) => ({ params: { n }, metrics: { loss: 1, accuracy: 1 } })),
      );
      assert.deepEqual(
        (await fixture.service.ask('study', { count: 5 })).map(({ params }) => params['n']),
        [3],
      );
    });
  });

  describe('the queue', () => {
    it('comes before the sampler, with missing params filled in the same way every time', async () => {
      await fixture.create();
      const waiting = await fixture.service.enqueue('study', { params: { n: 4 }, note: 'mine' });
      assert.equal(waiting.state, 'waiting');
      assert.equal(waiting.params['n'], 4);
      assert.ok(Object.hasOwn(waiting.params, 'x'));
      const asked = await fixture.one();
      assert.equal(asked.id, waiting.id);
      assert.deepEqual(asked.why, { origin: 'enqueued', note: 'mine' });
      await fixture.service.create(makeDefinition({ name: 'twin' }));
      assert.deepEqual((await fixture.service.enqueue('twin', { params: { n: 4 } })).params, waiting.params);
    });

    it('refuses what is not of the space', async () => {
      await fixture.create();
      for (const params of [{ n: 99 }, { y: 1 }, { x: 'a' }])
        await assert.rejects(fixture.service.enqueue('study', { params: params as Record<string, number> }), {
          code: 'BAD_PARAMS',
          status: 422,
        });
    });
  });

  describe('front and hypervolume', () => {
    it('grow with each better trial and stay through a restart', async () => {
      await fixture.create({
        objectives: [
          { metric: 'loss', direction: 'minimize', reference: 2 },
          { metric: 'accuracy', direction: 'maximize', reference: 0 },
        ],
      });
      for (const [loss, accuracy] of [
        [1, 1],
        [1.5, 0.5],
        [0.5, 0.5],
      ]) {
        const trial = await fixture.one();
        await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss, accuracy } });
      }
      const history = await fixture.service.hypervolume('study');
      assert.deepEqual(history?.reference, [2, 0]);
      assert.deepEqual(
        history?.values.map(({ value }) => value),
        [1, 1, 1.25],
      );
      assert.deepEqual(
        (await fixture.service.front('study')).map(({ number }) => number),
        [0, 2],
      );
      await fixture.restart();
      assert.deepEqual(await fixture.service.hypervolume('study'), history);
    });

    it('infer a reference point where none is given', async () => {
      await fixture.create();
      for (let i = 0; i < 10; i++) await runOne(fixture.service, 'study');
      const history = await fixture.service.hypervolume('study');
      const values = history?.values.map(({ value }) => value) ?? [];
      assert.equal(values.length, 10);
      assert.ok(values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0)));
      await fixture.restart();
      assert.deepEqual(await fixture.service.hypervolume('study'), history);
    });

    it('know one objective and none feasible', async () => {
      await fixture.create({ objectives: [{ metric: 'loss', direction: 'minimize', reference: 1 }] });
      assert.equal(await fixture.service.hypervolume('study'), null);
      const trial = await fixture.one();
      await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 0.25 } });
      assert.equal((await fixture.service.hypervolume('study'))?.values[0]?.value, 0.75);
    });
  });
});
