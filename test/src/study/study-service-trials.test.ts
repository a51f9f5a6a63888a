import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WireTrial } from '../../../src/contract/trial.ts';
import { fenceOf, finiteSpace, metricsOf, runOne } from '../../support/make-study.ts';
import { useStudyService } from '../../support/use-study-service.ts';

describe('trials of a study service', () => {
  const fixture = useStudyService();

  describe('asking', () => {
    it('gives trials inside the space, under growing fences', async () => {
      await fixture.create();
      const trials = await fixture.service.ask('study', { count: 5 });
      assert.deepEqual(
        trials.map(({ number }) => number),
        [0, 1, 2, 3, 4],
      );
      assert.deepEqual(
        trials.map(({ fence }) => fence),
        [1, 2, 3, 4, 5],
      );
      for (const { params } of trials) {
        assert.ok(Number(params['x']) >= 0 && Number(params['x']) <= 1);
        assert.ok(Number.isInteger(params['n']));
      }
    });

    it('gives a batch when the study has one and the ask states no count', async () => {
      await fixture.create({ sampler: { kind: 'sobol', seed: 1, batch: 3 } });
      assert.equal((await fixture.service.ask('study')).length, 3);
      assert.equal((await fixture.service.ask('study', { count: 1 })).length, 1);
    });

    it('takes the acquisition function that a sampler has, and no other', async () => {
      await fixture.create({ sampler: { kind: 'auto', seed: 1, acquisition: 'qLogNEHVI' } });
      assert.equal((await fixture.service.get('study')).sampler.kind, 'mobo');
      await fixture.create({ name: 'stated', sampler: { kind: 'parego', seed: 1, acquisition: 'qLogNParEGO' } });
      const refused = { code: 'BAD_VALUE', where: 'sampler.acquisition' };
      for (const [kind, acquisition] of [
        ['mobo', 'qEHVI'],
        ['sobol', 'qLogNEHVI'],
        ['parego', 'qLogNEHVI'],
      ] as const)
        await assert.rejects(fixture.create({ name: kind, sampler: { kind, seed: 1, acquisition } }), refused);
    });

    it('gives the same trials for the same client and request, also after a restart', async () => {
      await fixture.create();
      const request = { count: 2, clientId: 'c', requestId: 'r1' };
      const first = await fixture.service.ask('study', request);
      assert.deepEqual(await fixture.service.ask('study', request), first);
      await fixture.restart();
      assert.deepEqual(await fixture.service.ask('study', request), first);
      assert.notDeepEqual(await fixture.service.ask('study', { ...request, requestId: 'r2' }), first);
      assert.notDeepEqual(await fixture.service.ask('study', { ...request, clientId: 'd' }), first);
    });

    it('shows a client the fence of its own attempt after the trial went to another', async () => {
      await fixture.create();
      const request = { clientId: 'a', requestId: '1', leaseSeconds: 10 };
      const mine = await fixture.one(request);
      fixture.clock.advance(11_000);
      const theirs = await fixture.one({ clientId: 'b' });
      assert.equal(theirs.id, mine.id);
      assert.equal((await fixture.one(request)).fence, mine.fence);
    });

    it('never gives the same cell of a finite space twice, and says when nothing is left', async () => {
      await fixture.create({ space: finiteSpace(200) });
      const asked: WireTrial[] = [];
      for (let i = 0; i < 25; i++) asked.push(...(await fixture.service.ask('study', { count: 8 })));
      assert.equal(new Set(asked.map(({ params }) => params['n'])).size, 200);
      await assert.rejects(fixture.service.ask('study'), { code: 'SPACE_EXHAUSTED', status: 409 });
      assert.equal((await fixture.service.get('study')).state, 'running');
      for (const trial of asked)
        await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: metricsOf(trial) });
      assert.deepEqual(
        [(await fixture.service.get('study')).state, (await fixture.service.get('study')).reason],
        ['completed', 'exhausted'],
      );
      await assert.rejects(fixture.service.ask('study'), { code: 'SPACE_EXHAUSTED' });
    });

    it('gives as many as are left', async () => {
      await fixture.create({ space: finiteSpace(3) });
      assert.equal((await fixture.service.ask('study', { count: 10 })).length, 3);
      await fixture.create({ name: 'budget', budget: { trials: 4 } });
      assert.equal((await fixture.service.ask('budget', { count: 10 })).length, 4);
    });

    it('stops at the budget, completes with the last result, and goes on when the budget is raised', async () => {
      await fixture.create({ budget: { trials: 2 } });
      const [a, b] = await fixture.service.ask('study', { count: 2 });
      await assert.rejects(fixture.service.ask('study'), {
        code: 'STUDY_NOT_RUNNING',
        state: 'running',
        reason: 'budget',
      });
      for (const trial of [a, b])
        await fixture.service.tell(fenceOf(trial).id, {
          fence: fenceOf(trial).fence,
          metrics: { loss: 1, accuracy: 1 },
        });
      assert.deepEqual(
        [(await fixture.service.get('study')).state, (await fixture.service.get('study')).reason],
        ['completed', 'budget'],
      );
      await assert.rejects(fixture.service.verb('study', 'resume'), { code: 'STUDY_NOT_RUNNING' });
      await fixture.service.patch('study', { budget: { trials: 3 } });
      await fixture.service.verb('study', 'resume');
      assert.equal((await fixture.service.ask('study')).length, 1);
    });

    it('counts hours of running only', async () => {
      await fixture.create({ budget: { hours: 1 } });
      await runOne(fixture.service, 'study');
      await fixture.service.verb('study', 'pause');
      fixture.clock.advance(5 * 3_600_000);
      await fixture.service.verb('study', 'resume');
      await runOne(fixture.service, 'study');
      fixture.clock.advance(3_600_001);
      await assert.rejects(fixture.service.ask('study'), { code: 'STUDY_NOT_RUNNING', reason: 'budget' });
      assert.equal((await fixture.service.get('study')).state, 'completed');
    });

    it('stops when nothing is gained any more', async () => {
      await fixture.create({
        objectives: [
          { metric: 'loss', direction: 'minimize', reference: 10 },
          { metric: 'accuracy', direction: 'maximize', reference: 0 },
        ],
        budget: { stopWhenNoGain: { trials: 3, hypervolumeGain: 0.01 } },
      });
      for (let i = 0; i < 4; i++) {
        const trial = await fixture.one();
        await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      }
      assert.deepEqual(
        [(await fixture.service.get('study')).state, (await fixture.service.get('study')).reason],
        ['completed', 'noGain'],
      );
    });

    it('answers many asks at once with different points', async () => {
      await fixture.create();
      const all = (await Promise.all(Array.from({ length: 40 }, () => fixture.service.ask('study')))).flat();
      assert.equal(new Set(all.map(({ number }) => number)).size, 40);
      assert.equal(new Set(all.map(({ params }) => JSON.stringify(params))).size, 40);
    });
  });

  describe('leases', () => {
    it('gives a trial whose lease ran out to the next asker, with a new fence', async () => {
      await fixture.create();
      const first = await fixture.one({ leaseSeconds: 30 });
      fixture.clock.advance(29_999);
      assert.notEqual((await fixture.one()).id, first.id);
      fixture.clock.advance(2);
      const second = await fixture.one();
      assert.equal(second.id, first.id);
      assert.equal(second.attempt, 2);
      assert.ok((second.fence ?? 0) > (first.fence ?? 0));
      await assert.rejects(fixture.service.heartbeat(first.id, { fence: fenceOf(first).fence }), {
        code: 'LEASE_LOST',
        status: 410,
      });
    });

    it('is kept by heartbeats, and does not care about jumps of the wall clock', async () => {
      await fixture.create();
      const trial = await fixture.one({ leaseSeconds: 30 });
      for (let i = 0; i < 5; i++) {
        fixture.clock.advance(20_000);
        const { directive } = await fixture.service.heartbeat(trial.id, {
          fence: fenceOf(trial).fence,
          progress: i / 5,
        });
        assert.equal(directive, 'continue');
      }
      fixture.clock.jump(86_400_000);
      assert.notEqual((await fixture.one()).id, trial.id);
      fixture.clock.jump(-2 * 86_400_000);
      assert.notEqual((await fixture.one()).id, trial.id);
      assert.equal((await fixture.service.trial(trial.id)).progress, 0.8);
    });

    it('lasts no longer than its length after a restart with a fixture.clock that jumped', async () => {
      await fixture.create();
      const trial = await fixture.one({ leaseSeconds: 30 });
      fixture.clock.jump(-86_400_000);
      await fixture.restart();
      fixture.clock.advance(30_001);
      assert.equal((await fixture.one()).id, trial.id);
    });

    it('takes the result of an old attempt while no newer one has told, and tells the newer one to give up', async () => {
      await fixture.create();
      const first = await fixture.one({ leaseSeconds: 1 });
      fixture.clock.advance(1001);
      const second = await fixture.one();
      assert.equal(
        (await fixture.service.tell(first.id, { fence: fenceOf(first).fence, metrics: { loss: 1, accuracy: 1 } }))
          .state,
        'completed',
      );
      assert.equal((await fixture.service.heartbeat(second.id, { fence: fenceOf(second).fence })).directive, 'abandon');
      await assert.rejects(
        fixture.service.tell(second.id, { fence: fenceOf(second).fence, metrics: { loss: 2, accuracy: 1 } }),
        { code: 'TRIAL_ALREADY_TOLD' },
      );
    });

    it('gives a trial up when its leases run out as often as it may be tried', async () => {
      await fixture.create({ maxAttempts: 2 });
      const trial = await fixture.one({ leaseSeconds: 1 });
      fixture.clock.advance(1001);
      assert.equal((await fixture.one({ leaseSeconds: 1 })).id, trial.id);
      fixture.clock.advance(1001);
      assert.notEqual((await fixture.one()).id, trial.id);
      assert.equal((await fixture.service.trial(trial.id)).state, 'failed');
    });

    it('can be given back by the holder', async () => {
      await fixture.create();
      const trial = await fixture.one({ clientId: 'runner' });
      await fixture.service.releaseLeases('study', 'runner');
      const again = await fixture.one({ clientId: 'runner' });
      assert.deepEqual([again.id, again.attempt], [trial.id, 2]);
    });
  });
});
