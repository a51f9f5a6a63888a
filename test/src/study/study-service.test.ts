import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { StudyDefinition } from '../../../src/contract/study.ts';
import type { WireTrial } from '../../../src/contract/trial.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { StudyService } from '../../../src/study/study-service.ts';
import { type FixedClock, fixedClock } from '../../support/fixed-clock.ts';
import { fenceOf, finiteSpace, makeDefinition, metricsOf, runOne } from '../../support/make-study.ts';

describe('study service', () => {
  let store: MemoryStore;
  let clock: FixedClock;
  let service: StudyService;
  beforeEach(async () => {
    store = new MemoryStore();
    clock = fixedClock();
    service = await StudyService.open({ store, clock });
  });
  afterEach(() => service.close());

  const create = (change: Partial<StudyDefinition> = {}) => service.create(makeDefinition(change));
  const restart = async (): Promise<void> => {
    await service.close();
    service = await StudyService.open({ store, clock });
  };
  const one = async (request = {}): Promise<WireTrial> => {
    const [trial] = await service.ask('study', request);
    assert.ok(trial);
    return trial;
  };

  describe('creating', () => {
    it('refuses a taken name, or returns the study that has it', async () => {
      const { study } = await create();
      await assert.rejects(create(), { code: 'STUDY_EXISTS', status: 409 });
      const again = await service.create(makeDefinition(), { ifExists: 'return' });
      assert.equal(again.isNew, false);
      assert.equal(again.study.id, study.id);
    });

    it('makes one study for one idempotency key, however often and however parallel it is sent', async () => {
      const options = { idempotencyKey: 'k1' };
      const made = await Promise.all([1, 2, 3].map(() => service.create(makeDefinition(), options)));
      assert.equal(new Set(made.map(({ study }) => study.id)).size, 1);
      assert.deepEqual(
        made.map(({ isNew }) => isNew),
        [true, false, false],
      );
      await restart();
      assert.equal((await service.create(makeDefinition(), options)).study.replayed, true);
      await assert.rejects(service.create(makeDefinition({ notes: 'other' }), options), {
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
          create(change),
          (error: { where?: string; status?: number }) => error.where === where && error.status === 400,
        );
        assert.equal((await service.list()).items.length, 0);
      });
  });

  describe('asking', () => {
    it('gives trials inside the space, under growing fences', async () => {
      await create();
      const trials = await service.ask('study', { count: 5 });
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

    it('gives the same trials for the same client and request, also after a restart', async () => {
      await create();
      const request = { count: 2, clientId: 'c', requestId: 'r1' };
      const first = await service.ask('study', request);
      assert.deepEqual(await service.ask('study', request), first);
      await restart();
      assert.deepEqual(await service.ask('study', request), first);
      assert.notDeepEqual(await service.ask('study', { ...request, requestId: 'r2' }), first);
      assert.notDeepEqual(await service.ask('study', { ...request, clientId: 'd' }), first);
    });

    it('shows a client the fence of its own attempt after the trial went to another', async () => {
      await create();
      const request = { clientId: 'a', requestId: '1', leaseSeconds: 10 };
      const mine = await one(request);
      clock.advance(11_000);
      const theirs = await one({ clientId: 'b' });
      assert.equal(theirs.id, mine.id);
      assert.equal((await one(request)).fence, mine.fence);
    });

    it('never gives the same cell of a finite space twice, and says when nothing is left', async () => {
      await create({ space: finiteSpace(200) });
      const asked: WireTrial[] = [];
      for (let i = 0; i < 25; i++) asked.push(...(await service.ask('study', { count: 8 })));
      assert.equal(new Set(asked.map(({ params }) => params['n'])).size, 200);
      await assert.rejects(service.ask('study'), { code: 'SPACE_EXHAUSTED', status: 409 });
      assert.equal((await service.get('study')).state, 'running');
      for (const trial of asked)
        await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: metricsOf(trial) });
      assert.deepEqual(
        [(await service.get('study')).state, (await service.get('study')).reason],
        ['completed', 'exhausted'],
      );
      await assert.rejects(service.ask('study'), { code: 'SPACE_EXHAUSTED' });
    });

    it('gives as many as are left', async () => {
      await create({ space: finiteSpace(3) });
      assert.equal((await service.ask('study', { count: 10 })).length, 3);
      await create({ name: 'budget', budget: { trials: 4 } });
      assert.equal((await service.ask('budget', { count: 10 })).length, 4);
    });

    it('stops at the budget, completes with the last result, and goes on when the budget is raised', async () => {
      await create({ budget: { trials: 2 } });
      const [a, b] = await service.ask('study', { count: 2 });
      await assert.rejects(service.ask('study'), { code: 'STUDY_NOT_RUNNING', state: 'running', reason: 'budget' });
      for (const trial of [a, b])
        await service.tell(fenceOf(trial).id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      assert.deepEqual(
        [(await service.get('study')).state, (await service.get('study')).reason],
        ['completed', 'budget'],
      );
      await assert.rejects(service.verb('study', 'resume'), { code: 'STUDY_NOT_RUNNING' });
      await service.patch('study', { budget: { trials: 3 } });
      await service.verb('study', 'resume');
      assert.equal((await service.ask('study')).length, 1);
    });

    it('counts hours of running only', async () => {
      await create({ budget: { hours: 1 } });
      await runOne(service, 'study');
      await service.verb('study', 'pause');
      clock.advance(5 * 3_600_000);
      await service.verb('study', 'resume');
      await runOne(service, 'study');
      clock.advance(3_600_001);
      await assert.rejects(service.ask('study'), { code: 'STUDY_NOT_RUNNING', reason: 'budget' });
      assert.equal((await service.get('study')).state, 'completed');
    });

    it('stops when nothing is gained any more', async () => {
      await create({
        objectives: [
          { metric: 'loss', direction: 'minimize', reference: 10 },
          { metric: 'accuracy', direction: 'maximize', reference: 0 },
        ],
        budget: { stopWhenNoGain: { trials: 3, hypervolumeGain: 0.01 } },
      });
      for (let i = 0; i < 4; i++) {
        const trial = await one();
        await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      }
      assert.deepEqual(
        [(await service.get('study')).state, (await service.get('study')).reason],
        ['completed', 'noGain'],
      );
    });

    it('answers many asks at once with different points', async () => {
      await create();
      const all = (await Promise.all(Array.from({ length: 40 }, () => service.ask('study')))).flat();
      assert.equal(new Set(all.map(({ number }) => number)).size, 40);
      assert.equal(new Set(all.map(({ params }) => JSON.stringify(params))).size, 40);
    });
  });

  describe('leases', () => {
    it('gives a trial whose lease ran out to the next asker, with a new fence', async () => {
      await create();
      const first = await one({ leaseSeconds: 30 });
      clock.advance(29_999);
      assert.notEqual((await one()).id, first.id);
      clock.advance(2);
      const second = await one();
      assert.equal(second.id, first.id);
      assert.equal(second.attempt, 2);
      assert.ok((second.fence ?? 0) > (first.fence ?? 0));
      await assert.rejects(service.heartbeat(first.id, { fence: fenceOf(first).fence }), {
        code: 'LEASE_LOST',
        status: 410,
      });
    });

    it('is kept by heartbeats, and does not care about jumps of the wall clock', async () => {
      await create();
      const trial = await one({ leaseSeconds: 30 });
      for (let i = 0; i < 5; i++) {
        clock.advance(20_000);
        const { directive } = await service.heartbeat(trial.id, { fence: fenceOf(trial).fence, progress: i / 5 });
        assert.equal(directive, 'continue');
      }
      clock.jump(86_400_000);
      assert.notEqual((await one()).id, trial.id);
      clock.jump(-2 * 86_400_000);
      assert.notEqual((await one()).id, trial.id);
      assert.equal((await service.trial(trial.id)).progress, 0.8);
    });

    it('lasts no longer than its length after a restart with a clock that jumped', async () => {
      await create();
      const trial = await one({ leaseSeconds: 30 });
      clock.jump(-86_400_000);
      await restart();
      clock.advance(30_001);
      assert.equal((await one()).id, trial.id);
    });

    it('takes the result of an old attempt while no newer one has told, and tells the newer one to give up', async () => {
      await create();
      const first = await one({ leaseSeconds: 1 });
      clock.advance(1001);
      const second = await one();
      assert.equal(
        (await service.tell(first.id, { fence: fenceOf(first).fence, metrics: { loss: 1, accuracy: 1 } })).state,
        'completed',
      );
      assert.equal((await service.heartbeat(second.id, { fence: fenceOf(second).fence })).directive, 'abandon');
      await assert.rejects(
        service.tell(second.id, { fence: fenceOf(second).fence, metrics: { loss: 2, accuracy: 1 } }),
        { code: 'TRIAL_ALREADY_TOLD' },
      );
    });

    it('gives a trial up when its leases run out as often as it may be tried', async () => {
      await create({ maxAttempts: 2 });
      const trial = await one({ leaseSeconds: 1 });
      clock.advance(1001);
      assert.equal((await one({ leaseSeconds: 1 })).id, trial.id);
      clock.advance(1001);
      assert.notEqual((await one()).id, trial.id);
      assert.equal((await service.trial(trial.id)).state, 'failed');
    });

    it('can be given back by the holder', async () => {
      await create();
      const trial = await one({ clientId: 'runner' });
      await service.releaseLeases('study', 'runner');
      const again = await one({ clientId: 'runner' });
      assert.deepEqual([again.id, again.attempt], [trial.id, 2]);
    });
  });

  describe('telling', () => {
    it('keeps metrics, verdicts and free attributes', async () => {
      await create({ constraints: ['loss <= 0.5', { metric: 'ramBytes', op: '<', bound: 100 }] });
      const trial = await one();
      const told = await service.tell(trial.id, {
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
      await restart();
      assert.deepEqual(await service.trial(trial.id), told);
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
        await create({ constraints: ['ramBytes <= 100'] });
        const trial = await one();
        await assert.rejects(service.tell(trial.id, { fence: fenceOf(trial).fence, metrics }), { status: 422, where });
        assert.equal((await service.trial(trial.id)).state, 'running');
      });

    it('tries a failed trial again as often as allowed, and never an infeasible one', async () => {
      await create({ maxAttempts: 2 });
      const trial = await one();
      assert.equal(
        (await service.tell(trial.id, { fence: fenceOf(trial).fence, state: 'failed', reason: 'cable' })).state,
        'waiting',
      );
      const again = await one();
      assert.equal(again.id, trial.id);
      assert.equal((await service.tell(trial.id, { fence: fenceOf(again).fence, state: 'failed' })).state, 'failed');
      const next = await one();
      await service.tell(next.id, { fence: fenceOf(next).fence, state: 'infeasible', reason: 'too big' });
      assert.notEqual((await one()).id, next.id);
    });

    it('finds no trial under a made-up id', async () => {
      const { study } = await create();
      for (const id of ['tr_x', `tr_${study.id.slice(3)}_7`, study.id, 'tr_0000000000000000_0'])
        await assert.rejects(service.trial(id), { code: 'TRIAL_NOT_FOUND', status: 404 });
    });
  });

  describe('known results', () => {
    it('are taken with their params, each judged alone, and counted once', async () => {
      await create({ budget: { trials: 1 } });
      const items = [
        { params: { x: 0.5, n: 3 }, metrics: { loss: 1, accuracy: 1 } },
        { params: { x: 5, n: 3 }, metrics: { loss: 1, accuracy: 1 } },
        { params: { x: 0.5, n: 4 }, metrics: { loss: 1 } },
        { params: { x: 0.5, n: 5 }, state: 'infeasible' as const },
      ];
      const results = await service.tellBatch('study', items);
      assert.deepEqual(
        results.map((result) => (result.ok ? result.trial.state : result.error.code)),
        ['completed', 'BAD_PARAMS', 'MISSING_METRIC', 'infeasible'],
      );
      const again = await service.tellBatch('study', items);
      assert.deepEqual(
        again.map((result) => result.ok && result.trial.replayed === true),
        [true, false, false, true],
      );
      assert.equal((await service.get('study')).counts.total, 2);
      assert.equal((await service.ask('study')).length, 1, 'known results are outside the budget');
    });

    it('finish trials that were asked for', async () => {
      await create();
      const trial = await one();
      const [result] = await service.tellBatch('study', [
        { trial: trial.id, fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } },
      ]);
      assert.equal(result?.ok && result.trial.state, 'completed');
    });

    it('are never suggested again', async () => {
      await create({ space: finiteSpace(3) });
      await service.tellBatch(
        'study',
        [1, 2].map((n) => ({ params: { n }, metrics: { loss: 1, accuracy: 1 } })),
      );
      assert.deepEqual(
        (await service.ask('study', { count: 5 })).map(({ params }) => params['n']),
        [3],
      );
    });
  });

  describe('the queue', () => {
    it('comes before the sampler, with missing params filled in the same way every time', async () => {
      await create();
      const waiting = await service.enqueue('study', { params: { n: 4 }, note: 'mine' });
      assert.equal(waiting.state, 'waiting');
      assert.equal(waiting.params['n'], 4);
      assert.ok(Object.hasOwn(waiting.params, 'x'));
      const asked = await one();
      assert.equal(asked.id, waiting.id);
      assert.deepEqual(asked.why, { origin: 'enqueued', note: 'mine' });
      await service.create(makeDefinition({ name: 'twin' }));
      assert.deepEqual((await service.enqueue('twin', { params: { n: 4 } })).params, waiting.params);
    });

    it('refuses what is not of the space', async () => {
      await create();
      for (const params of [{ n: 99 }, { y: 1 }, { x: 'a' }])
        await assert.rejects(service.enqueue('study', { params: params as Record<string, number> }), {
          code: 'BAD_PARAMS',
          status: 422,
        });
    });
  });

  describe('verbs', () => {
    it('pause and resume', async () => {
      await create();
      const trial = await one();
      assert.equal((await service.verb('study', 'pause')).state, 'paused');
      assert.equal((await service.verb('study', 'pause')).state, 'paused');
      await assert.rejects(service.ask('study'), { code: 'STUDY_NOT_RUNNING', state: 'paused', reason: 'user' });
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      assert.equal((await service.verb('study', 'resume')).state, 'running');
      assert.equal((await service.ask('study')).length, 1);
    });

    it('a study paused while its last trials run can be resumed', async () => {
      await create({ budget: { trials: 1 } });
      const trial = await one();
      await service.verb('study', 'pause');
      assert.equal((await service.verb('study', 'resume')).state, 'running');
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      const { state, reason } = await service.get('study');
      assert.deepEqual([state, reason], ['completed', 'budget']);
      await assert.rejects(service.verb('study', 'resume'), { code: 'STUDY_NOT_RUNNING' });
    });

    it('stop lets running trials finish', async () => {
      await create();
      const trial = await one();
      await service.enqueue('study', { params: {} });
      assert.equal((await service.verb('study', 'stop')).state, 'stopping');
      assert.equal((await service.get('study')).counts.abandoned, 1);
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 1, accuracy: 1 } });
      assert.deepEqual(
        [(await service.get('study')).state, (await service.get('study')).reason],
        ['completed', 'user'],
      );
    });

    it('cancel abandons running trials, but still takes work that was done', async () => {
      await create();
      const [a, b] = await service.ask('study', { count: 2 });
      assert.equal((await service.verb('study', 'cancel')).state, 'cancelled');
      assert.equal((await service.heartbeat(fenceOf(a).id, { fence: fenceOf(a).fence })).directive, 'abandon');
      assert.equal(
        (await service.tell(fenceOf(a).id, { fence: fenceOf(a).fence, metrics: { loss: 1, accuracy: 1 } })).state,
        'completed',
      );
      assert.equal((await service.trial(fenceOf(b).id)).state, 'abandoned');
      await assert.rejects(service.verb('study', 'resume'), { code: 'ILLEGAL_MOVE', status: 409 });
    });

    it('archive hides, clone copies', async () => {
      await create();
      await runOne(service, 'study');
      await service.verb('study', 'pause');
      await service.verb('study', 'archive');
      assert.deepEqual((await service.list()).items, []);
      assert.equal((await service.list({ state: 'archived' })).items.length, 1);
      const clone = await service.clone('study', { trials: true });
      assert.equal(clone.name, 'study-2');
      assert.deepEqual([clone.counts.completed, clone.frontSize, clone.state], [1, 1, 'running']);
      assert.equal((await service.clone('study')).counts.total, 0);
    });

    it('delete removes everything, but nothing that runs', async () => {
      await create();
      const trial = await one();
      await assert.rejects(service.remove('study'), { code: 'ILLEGAL_MOVE' });
      await service.verb('study', 'cancel');
      await service.remove('study');
      await assert.rejects(service.get('study'), { code: 'STUDY_NOT_FOUND', status: 404 });
      await assert.rejects(service.trial(trial.id), { code: 'TRIAL_NOT_FOUND' });
      await restart();
      assert.equal((await service.list()).items.length, 0);
    });

    it('patch moves the bounds of constraints and judges all trials again', async () => {
      await create({ constraints: ['loss <= 1'] });
      const trial = await one();
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 2, accuracy: 1 } });
      assert.equal((await service.get('study')).frontSize, 0);
      const before = await service.get('study');
      await assert.rejects(service.patch('study', { notes: 'a' }, '"99"'), { code: 'REVISION_MISMATCH', status: 412 });
      const after = await service.patch('study', { constraints: ['loss <= 3'], tags: ['t'] }, `"${before.revision}"`);
      assert.deepEqual([after.frontSize, after.tags, after.revision], [1, ['t'], before.revision + 1]);
      assert.equal((await service.trial(trial.id)).feasible, true);
      await assert.rejects(service.patch('study', { constraints: ['size <= 3'] }), { code: 'BAD_CONSTRAINT' });
      await restart();
      assert.equal((await service.get('study')).frontSize, 1);
    });
  });

  describe('front and hypervolume', () => {
    it('grow with each better trial and stay through a restart', async () => {
      await create({
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
        const trial = await one();
        await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss, accuracy } });
      }
      const history = await service.hypervolume('study');
      assert.deepEqual(history?.reference, [2, 0]);
      assert.deepEqual(
        history?.values.map(({ value }) => value),
        [1, 1, 1.25],
      );
      assert.deepEqual(
        (await service.front('study')).map(({ number }) => number),
        [0, 2],
      );
      await restart();
      assert.deepEqual(await service.hypervolume('study'), history);
    });

    it('infer a reference point where none is given', async () => {
      await create();
      for (let i = 0; i < 10; i++) await runOne(service, 'study');
      const history = await service.hypervolume('study');
      const values = history?.values.map(({ value }) => value) ?? [];
      assert.equal(values.length, 10);
      assert.ok(values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0)));
      await restart();
      assert.deepEqual(await service.hypervolume('study'), history);
    });

    it('know one objective and none feasible', async () => {
      await create({ objectives: [{ metric: 'loss', direction: 'minimize', reference: 1 }] });
      assert.equal(await service.hypervolume('study'), null);
      const trial = await one();
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: { loss: 0.25 } });
      assert.equal((await service.hypervolume('study'))?.values[0]?.value, 0.75);
    });
  });

  describe('events', () => {
    it('come in order, without a gap, stored and live alike', async () => {
      const live: number[] = [];
      service.events.subscribe(null, ({ seq }) => live.push(seq));
      await create();
      for (let i = 0; i < 3; i++) await runOne(service, 'study');
      await service.verb('study', 'pause');
      const stored = await service.eventsAfter('study', 0);
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
        (await service.eventsAfter('study', live[3] ?? 0)).map(({ seq }) => seq),
        live.slice(4),
      );
    });
  });

  describe('a full disk', () => {
    it('refuses changes, keeps what was, and goes on by itself', async () => {
      await create();
      const trial = await one();
      const { fence } = fenceOf(trial);
      store.setFull(true);
      await assert.rejects(service.tell(trial.id, { fence, metrics: { loss: 1, accuracy: 1 } }), {
        code: 'DISK_FULL',
        status: 507,
      });
      await assert.rejects(service.ask('study'), { code: 'DISK_FULL' });
      await assert.rejects(service.create(makeDefinition({ name: 'b' })), { code: 'DISK_FULL' });
      assert.equal((await service.trial(trial.id)).state, 'running');
      assert.deepEqual(
        [(await service.get('study')).state, (await service.get('study')).reason],
        ['paused', 'diskFull'],
      );
      assert.equal((await service.list()).items.length, 1);
      store.setFull(false);
      assert.equal((await service.tell(trial.id, { fence, metrics: { loss: 1, accuracy: 1 } })).state, 'completed');
      assert.equal((await service.get('study')).state, 'running');
      assert.equal((await service.create(makeDefinition({ name: 'b' }))).isNew, true);
    });
  });
});
