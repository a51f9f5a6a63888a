import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TELL_STATES } from '../../../src/contract/trial.ts';
import { UserError } from '../../../src/errors.ts';
import { canonicalJson, contentHash } from '../../../src/trial/content-hash.ts';
import { leaseTrial } from '../../../src/trial/lease.ts';
import { type Tell, tellTrial } from '../../../src/trial/tell.ts';
import { createTrial, parseTrialId, type TrialRecord, trialId } from '../../../src/trial/trial.ts';
import { canMove, isFinished } from '../../../src/trial/trial-state.ts';

const tell = (fence: number, change: Partial<Tell> = {}): Tell => ({
  fence,
  state: 'completed',
  metrics: { loss: { mean: 1 } },
  reason: null,
  userAttrs: {},
  retryable: true,
  artifacts: [],
  feasible: true,
  violations: {},
  ...change,
});

function leased(...fences: number[]): TrialRecord {
  return fences.reduce(
    (trial, fence) => leaseTrial(trial, { fence, clientId: null, requestId: null, leaseMs: 1000, now: fence }),
    createTrial(3, { x: 1 }, { origin: 'random' }, 0),
  );
}

const apply = (trial: TrialRecord, told: Tell, attempts = 1) => tellTrial(trial, told, attempts, 99, 'trial');

function finish(trial: TrialRecord, told: Tell): TrialRecord {
  const result = apply(trial, told);
  assert.equal(result.kind, 'finished');
  return result.kind === 'finished' ? result.trial : trial;
}

describe('telling a trial', () => {
  it('finishes it with what was told', () => {
    const done = finish(leased(5), tell(5, { metrics: { loss: { mean: 2 } }, userAttrs: { a: 1 } }));
    assert.equal(done.state, 'completed');
    assert.deepEqual(done.metrics, { loss: { mean: 2 } });
    assert.equal(done.finishedAt, 99);
  });

  it('answers the same tell as replayed, whatever the order of its keys', () => {
    const done = finish(leased(5), tell(5, { userAttrs: { a: 1, b: 2 } }));
    assert.equal(apply(done, tell(5, { userAttrs: { b: 2, a: 1 } })).kind, 'replayed');
  });

  it('refuses something else for a finished trial', () => {
    const done = finish(leased(5), tell(5));
    assert.throws(() => apply(done, tell(5, { metrics: { loss: { mean: 2 } } })), {
      code: 'TRIAL_ALREADY_TOLD',
      status: 409,
    });
  });

  it('refuses a fence that was never given out for it', () => {
    assert.throws(() => apply(leased(5), tell(6)), { code: 'LEASE_LOST', status: 410 });
  });

  it('accepts an old attempt while no newer one has told', () => {
    const done = finish(leased(5, 8), tell(5));
    assert.deepEqual(done.told?.fence, 5);
    assert.throws(() => apply(done, tell(8, { metrics: { loss: { mean: 3 } } })), { code: 'TRIAL_ALREADY_TOLD' });
    assert.equal(apply(done, tell(8)).kind, 'replayed');
  });

  it('refuses an old attempt after a newer one has told', () => {
    const done = finish(leased(5, 8), tell(8));
    assert.throws(() => apply(done, tell(5)), { code: 'LEASE_LOST' });
  });

  it('queues a failure again until the attempts are used up', () => {
    const first = apply(leased(1), tell(1, { state: 'failed', metrics: {}, feasible: null }), 2);
    assert.equal(first.kind, 'requeued');
    if (first.kind !== 'requeued') return;
    assert.equal(first.trial.state, 'waiting');
    assert.equal(apply(first.trial, tell(1, { state: 'failed', metrics: {}, feasible: null }), 2).kind, 'replayed');
    const again = leaseTrial(first.trial, { fence: 2, clientId: null, requestId: null, leaseMs: 1, now: 0 });
    assert.equal(apply(again, tell(2, { state: 'failed', metrics: {} }), 2).kind, 'finished');
  });

  it('does not queue what must not be tried again', () => {
    assert.equal(apply(leased(1), tell(1, { state: 'failed', retryable: false }), 5).kind, 'finished');
    assert.equal(apply(leased(1), tell(1, { state: 'infeasible' }), 5).kind, 'finished');
    assert.equal(apply(leased(1), tell(1, { state: 'abandoned' }), 5).kind, 'finished');
  });

  it('leaves a running newer attempt alone when an older one failed', () => {
    const result = apply(leased(1, 2), tell(1, { state: 'failed' }), 5);
    assert.equal(result.kind === 'requeued' && result.trial.state, 'running');
  });

  it('takes the result of work on a trial that was abandoned from outside', () => {
    const cancelled: TrialRecord = { ...leased(1), state: 'abandoned', told: null };
    assert.equal(finish(cancelled, tell(1)).state, 'completed');
  });

  it('counts exactly one result under any order of leases and tells', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('lease' as const) }),
      fc.record({
        kind: fc.constant('tell' as const),
        fence: fc.integer({ min: 0, max: 6 }),
        state: fc.constantFrom(...TELL_STATES),
        value: fc.integer({ min: 0, max: 2 }),
        retryable: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 3 }), (steps, attempts) => {
        let trial = createTrial(0, { x: 1 }, { origin: 'random' }, 0);
        let result: string | null = null;
        let fence = 0;
        for (const each of steps) {
          if (each.kind === 'lease') {
            if (isFinished(trial.state)) continue;
            trial = leaseTrial(trial, { fence: ++fence, clientId: null, requestId: null, leaseMs: 1, now: 0 });
            continue;
          }
          const told = tell(each.fence, {
            state: each.state,
            metrics: { loss: { mean: each.value } },
            retryable: each.retryable,
          });
          try {
            const after = apply(trial, told, attempts);
            if (after.kind === 'replayed') continue;
            assert.equal(result, null, 'a finished trial changed');
            assert.ok(canMove(trial.state, after.trial.state) || trial.state === after.trial.state);
            trial = after.trial;
            if (after.kind === 'finished') result = JSON.stringify(trial);
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
            assert.ok(error.code === 'LEASE_LOST' || error.code === 'TRIAL_ALREADY_TOLD');
          }
        }
        if (result !== null) assert.equal(JSON.stringify(trial), result);
        assert.equal(isFinished(trial.state), result !== null);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('ids and hashes', () => {
  it('finds study and number in a trial id', () => {
    assert.deepEqual(parseTrialId(trialId('st_0123456789abcdef', 42)), { studyId: 'st_0123456789abcdef', number: 42 });
    for (const bad of [
      '',
      'tr_',
      'tr_0123456789abcdef_',
      'tr_0123456789abcdef_01',
      'st_0123456789abcdef',
      'tr_../../x_1',
    ])
      assert.equal(parseTrialId(bad), null);
  });

  it('hashes equal JSON equally', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy: unknown = JSON.parse(JSON.stringify(value));
        assert.equal(contentHash(copy), contentHash(value));
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
      { seed: 3, numRuns: 200 },
    );
    assert.notEqual(contentHash({ a: 1 }), contentHash({ a: 2 }));
  });
});
