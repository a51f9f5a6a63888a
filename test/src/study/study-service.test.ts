import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StudyDefinition } from '../../../src/contract/study.ts';
import { fenceOf, makeDefinition, runOne } from '../../support/make-study.ts';
import { useStudyService } from '../../support/use-study-service.ts';

describe('study service', () => {
  const fixture = useStudyService();

  describe('creating', () => {
    it('refuses a taken name, or returns the study that has it', async () => {
      const { study } = await fixture.create();
      await assert.rejects(fixture.create(), { code: 'STUDY_EXISTS', status: 409 });
      const again = await fixture.service.create(makeDefinition(), { ifExists: 'return' });
      assert.equal(again.isNew, false);
      assert.equal(again.study.id, study.id);
    });

    it('makes one study for one idempotency key, however often and however parallel it is sent', async () => {
      const options = { idempotencyKey: 'k1' };
      const made = await Promise.all([1, 2, 3].map(() => fixture.service.create(makeDefinition(), options)));
      assert.equal(new Set(made.map(({ study }) => study.id)).size, 1);
      assert.deepEqual(
        made.map(({ isNew }) => isNew),
        [true, false, false],
      );
      await fixture.restart();
      assert.equal((await fixture.service.create(makeDefinition(), options)).study.replayed, true);
      await assert.rejects(fixture.service.create(makeDefinition({ notes: 'other' }), options), {
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
    });

    const contradictions: readonly [string, Partial<StudyDefinition>, string][] = [
      ['a range upside down', { space: [{ name: 'a', type: 'int', low: 3, high: 1 }] }, 'space[0].low'],
      [
        'a parameter twice',
        {
          space: [
            { name: 'a', type: 'int', low: 1, high: 3 },
            { name: 'a', type: 'int', low: 1, high: 3 },
          ],
        },
        'space',
      ],
      [
        'a condition on nothing',
        { space: [{ name: 'a', type: 'int', low: 1, high: 3, when: { param: 'b', in: [1] } }] },
        'space',
      ],
      [
        'an objective twice',
        {
          objectives: [
            { metric: 'a', direction: 'minimize' },
            { metric: 'a', direction: 'maximize' },
          ],
        },
        'objectives[1].metric',
      ],
      ['a constraint that is none', { constraints: ['loss + 1'] }, 'constraints[0]'],
      ['one objective too many for ei', { sampler: { kind: 'ei' } }, 'sampler.kind'],
      ['a list without points', { sampler: { kind: 'list' } }, 'sampler.points'],
      ['a preset without a model', { space: { preset: 'structured' } }, 'space.preset'],
    ];
    for (const [what, change, where] of contradictions)
      it(`refuses ${what}`, async () => {
        await assert.rejects(
          fixture.create(change),
          (error: { where?: string; status?: number }) => error.where === where && error.status === 400,
        );
        assert.equal((await fixture.service.list()).items.length, 0);
      });
  });

  describe('verbs', () => {
    it('pause and resume', async () => {
      await fixture.create();
      const trial = await fixture.one();
      assert.equal((await fixture.service.verb('study', 'pause')).state, 'paused');
      assert.equal((await fixture.service.verb('study', 'pause')).state, 'paused');
      await assert.rejects(fixture.service.ask('study'), {
        code: 'STUDY_NOT_RUNNING',
        state: 'paused',
        reason: 'user',
      });
      await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      assert.equal((await fixture.service.verb('study', 'resume')).state, 'running');
      assert.equal((await fixture.service.ask('study')).length, 1);
    });

    it('a study paused while its last trials run can be resumed', async () => {
      await fixture.create({ budget: { trials: 1 } });
      const trial = await fixture.one();
      await fixture.service.verb('study', 'pause');
      assert.equal((await fixture.service.verb('study', 'resume')).state, 'running');
      await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      const { state, reason } = await fixture.service.get('study');
      assert.deepEqual([state, reason], ['completed', 'budget']);
      await assert.rejects(fixture.service.verb('study', 'resume'), { code: 'STUDY_NOT_RUNNING' });
    });

    it('stop lets running trials finish', async () => {
      await fixture.create();
      const trial = await fixture.one();
      await fixture.service.enqueue('study', { params: {} });
      assert.equal((await fixture.service.verb('study', 'stop')).state, 'stopping');
      assert.equal((await fixture.service.get('study')).counts.abandoned, 1);
      await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      assert.deepEqual(
        [(await fixture.service.get('study')).state, (await fixture.service.get('study')).reason],
        ['completed', 'user'],
      );
    });

    it('cancel abandons running trials, but still takes work that was done', async () => {
      await fixture.create();
      const [a, b] = await fixture.service.ask('study', { count: 2 });
      assert.equal((await fixture.service.verb('study', 'cancel')).state, 'cancelled');
      assert.equal((await fixture.service.heartbeat(fenceOf(a).id, { fence: fenceOf(a).fence })).directive, 'abandon');
      assert.equal(
        (await fixture.service.tell(fenceOf(a).id, { fence: fenceOf(a).fence, metrics: { loss: 1, accuracy: 1 } }))
          .state,
        'completed',
      );
      assert.equal((await fixture.service.trial(fenceOf(b).id)).state, 'abandoned');
      await assert.rejects(fixture.service.verb('study', 'resume'), { code: 'ILLEGAL_MOVE', status: 409 });
    });

    it('archive hides, clone copies', async () => {
      await fixture.create();
      await runOne(fixture.service, 'study');
      await fixture.service.verb('study', 'pause');
      await fixture.service.verb('study', 'archive');
      assert.deepEqual((await fixture.service.list()).items, []);
      assert.equal((await fixture.service.list({ state: 'archived' })).items.length, 1);
      const clone = await fixture.service.clone('study', { trials: true });
      assert.equal(clone.name, 'study-2');
      assert.deepEqual([clone.counts.completed, clone.frontSize, clone.state], [1, 1, 'running']);
      assert.equal((await fixture.service.clone('study')).counts.total, 0);
    });

    it('delete removes everything, but nothing that runs', async () => {
      await fixture.create();
      const trial = await fixture.one();
      await assert.rejects(fixture.service.remove('study'), { code: 'ILLEGAL_MOVE' });
      await fixture.service.verb('study', 'cancel');
      await fixture.service.remove('study');
      await assert.rejects(fixture.service.get('study'), { code: 'STUDY_NOT_FOUND', status: 404 });
      await assert.rejects(fixture.service.trial(trial.id), { code: 'TRIAL_NOT_FOUND' });
      await fixture.restart();
      assert.equal((await fixture.service.list()).items.length, 0);
    });

    it('patch moves the bounds of constraints and judges all trials again', async () => {
      await fixture.create({ constraints: ['loss <= 1'] });
      const trial = await fixture.one();
      await fixture.service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 2, accuracy: 1 } });
      assert.equal((await fixture.service.get('study')).frontSize, 0);
      const before = await fixture.service.get('study');
      await assert.rejects(fixture.service.patch('study', { notes: 'a' }, '"99"'), {
        code: 'REVISION_MISMATCH',
        status: 412,
      });
      const after = await fixture.service.patch(
        'study',
        { constraints: ['loss <= 3'], tags: ['t'] },
        `"${before.revision}"`,
      );
      assert.deepEqual([after.frontSize, after.tags, after.revision], [1, ['t'], before.revision + 1]);
      assert.equal((await fixture.service.trial(trial.id)).feasible, true);
      await assert.rejects(fixture.service.patch('study', { constraints: ['size <= 3'] }), { code: 'BAD_CONSTRAINT' });
      await fixture.restart();
      assert.equal((await fixture.service.get('study')).frontSize, 1);
    });
  });

  describe('events', () => {
    it('come in order, without a gap, stored and live alike', async () => {
      const live: number[] = [];
      fixture.service.events.subscribe(null, ({ seq }) => live.push(seq));
      await fixture.create();
      for (let i = 0; i < 3; i++) await runOne(fixture.service, 'study');
      await fixture.service.verb('study', 'pause');
      const stored = await fixture.service.eventsAfter('study', 0);
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        live,
      );
      assert.deepEqual(
        stored.map(({ type }) => type),
        [
          'study.created',
          ...Array.from({ length: 3 }, () => ['trial.created', 'trial.finished']).flat(),
          'study.state',
        ],
      );
      assert.deepEqual(
        (await fixture.service.eventsAfter('study', live[3] ?? 0)).map(({ seq }) => seq),
        live.slice(4),
      );
    });
  });

  describe('a full disk', () => {
    it('refuses changes, keeps what was, and goes on by itself', async () => {
      await fixture.create();
      const trial = await fixture.one();
      const { fence } = fenceOf(trial);
      fixture.store.setFull(true);
      await assert.rejects(fixture.service.tell(trial.id, { fence, metrics: { loss: 1, accuracy: 1 } }), {
        code: 'DISK_FULL',
        status: 507,
      });
      await assert.rejects(fixture.service.ask('study'), { code: 'DISK_FULL' });
      await assert.rejects(fixture.service.create(makeDefinition({ name: 'b' })), { code: 'DISK_FULL' });
      assert.equal((await fixture.service.trial(trial.id)).state, 'running');
      assert.deepEqual(
        [(await fixture.service.get('study')).state, (await fixture.service.get('study')).reason],
        ['paused', 'diskFull'],
      );
      assert.equal((await fixture.service.list()).items.length, 1);
      fixture.store.setFull(false);
      assert.equal(
        (await fixture.service.tell(trial.id, { fence, metrics: { loss: 1, accuracy: 1 } })).state,
        'completed',
      );
      assert.equal((await fixture.service.get('study')).state, 'running');
      assert.equal((await fixture.service.create(makeDefinition({ name: 'b' }))).isNew, true);
    });
  });
});
