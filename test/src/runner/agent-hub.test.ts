import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Job, Measurement } from '@tinypareto/hw-agents/protocol';
import { AgentHub } from '../../../src/runner/agent-hub.ts';
import { MeasureError } from '../../../src/runner/measure-request.ts';

const EXPECTED = Uint8Array.of(1, 2, 3, 4);

function makeHub(options: { readonly maxAttempts?: number } = {}) {
  const clock = { ms: 0 };
  const hub = new AgentHub({ now: () => clock.ms, leaseSeconds: 10, silenceSeconds: 60, ...options });
  return { hub, clock };
}

function register(hub: AgentHub, agentId = 'a1', deviceId = 'd1'): void {
  hub.register({
    agentId,
    version: '1',
    protocols: [1],
    devices: [{ deviceId, board: 'host', kind: 'host', title: 'test', toolVersions: {} }],
    clockMs: 0,
  });
}

function request(hub: AgentHub): Promise<Measurement> {
  return hub.measure({
    board: 'host',
    program: {
      format: 'c-sources',
      sha256: '0'.repeat(64),
      files: [{ name: 'main.c', base64: '' }],
      compilerFlags: [],
    },
    inputs: [Uint8Array.of(9)],
    expectedOutputs: [EXPECTED],
    runs: 5,
    warmup: 0,
  });
}

function measured(job: Job, outputs: Uint8Array = EXPECTED): Measurement {
  return {
    deviceIdBefore: job.deviceId,
    deviceIdAfter: job.deviceId,
    programSha256: '0'.repeat(64),
    outputs: [Buffer.from(outputs).toString('base64')],
    outputsSha256: createHash('sha256').update(outputs).digest('hex'),
    latencyUs: { n: 5, min: 0, median: 0, p95: 0, iqr: 0 },
    latencySamplesUs: [5, 1, 3, 2, 4],
    toolVersions: {},
    warnings: [],
  };
}

async function takeJob(hub: AgentHub, agentId = 'a1', deviceId = 'd1'): Promise<Job> {
  const job = await hub.work(agentId, [deviceId], 0);
  assert.ok(job !== null);
  return job;
}

async function failureOf(promise: Promise<Measurement>): Promise<MeasureError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MeasureError);
  return error;
}

describe('agent hub', () => {
  it('accepts outputs that equal the expected ones, and summarizes the samples itself', async () => {
    const { hub } = makeHub();
    register(hub);
    const promise = request(hub);
    const job = await takeJob(hub);
    const answer = hub.result(job.jobId, { fence: job.fence, status: 'done', measurement: measured(job) });
    assert.deepEqual(answer, { accepted: true });
    assert.equal((await promise).latencyUs.median, 3);
    hub.close();
  });

  it('answers the same result again as replayed', async () => {
    const { hub } = makeHub();
    register(hub);
    const promise = request(hub);
    const job = await takeJob(hub);
    const body = { fence: job.fence, status: 'done' as const, measurement: measured(job) };
    hub.result(job.jobId, body);
    assert.deepEqual(hub.result(job.jobId, body), { accepted: true, replayed: true });
    await promise;
    hub.close();
  });

  it('refuses wrong outputs as NUMERIC, for good', async () => {
    const { hub } = makeHub();
    register(hub);
    const failure = failureOf(request(hub));
    const job = await takeJob(hub);
    const wrong = measured(job, Uint8Array.of(1, 2, 9, 4));
    const answer = hub.result(job.jobId, { fence: job.fence, status: 'done', measurement: wrong });
    assert.deepEqual([answer.accepted, answer.error?.class], [false, 'NUMERIC']);
    assert.match((await failure).message, /at byte 2 of 4: 9 instead of 3/);
    hub.close();
  });

  it('refuses a stale fence after the lease ran out, and counts the next attempt', async () => {
    const { hub, clock } = makeHub();
    register(hub);
    const promise = request(hub);
    const first = await takeJob(hub);
    clock.ms += 10_001;
    hub.sweep();
    const second = await takeJob(hub);
    assert.ok(second.fence > first.fence);
    assert.throws(() => hub.result(first.jobId, { fence: first.fence, status: 'done', measurement: measured(first) }), {
      code: 'LEASE_LOST',
    });
    hub.result(second.jobId, { fence: second.fence, status: 'done', measurement: measured(second) });
    await promise;
    hub.close();
  });

  it('renews a lease by progress', async () => {
    const { hub, clock } = makeHub();
    register(hub);
    const promise = request(hub);
    const job = await takeJob(hub);
    for (let i = 0; i < 5; i++) {
      clock.ms += 8000;
      assert.equal(hub.progress(job.jobId, { fence: job.fence, phase: 'measuring' }).directive, 'continue');
      hub.sweep();
    }
    hub.result(job.jobId, { fence: job.fence, status: 'done', measurement: measured(job) });
    await promise;
    hub.close();
  });

  it('gives a job again when the agent calls the device idle or registers anew', async () => {
    const { hub } = makeHub();
    register(hub);
    const promise = request(hub);
    const first = await takeJob(hub);
    const second = await takeJob(hub);
    assert.deepEqual([second.jobId, second.fence > first.fence], [first.jobId, true]);
    register(hub);
    const third = await takeJob(hub);
    assert.ok(third.fence > second.fence);
    hub.result(third.jobId, { fence: third.fence, status: 'done', measurement: measured(third) });
    await promise;
    hub.close();
  });

  it('retries a retryable error, then gives up, and quarantines a device that fails in a row', async () => {
    const { hub } = makeHub({ maxAttempts: 3 });
    register(hub);
    const failure = failureOf(request(hub));
    for (let i = 0; i < 3; i++) {
      const job = await takeJob(hub);
      hub.result(job.jobId, {
        fence: job.fence,
        status: 'error',
        error: { class: 'FLASH', message: 'probe lost', retryable: true },
      });
    }
    assert.equal((await failure).errorClass, 'FLASH');
    assert.equal(hub.devices()[0].state, 'quarantined');
    await assert.rejects(request(hub), { code: 'NO_DEVICE' });
    hub.close();
  });

  it('tells the agent to abort a cancelled job, and does not give it out again', async () => {
    const { hub } = makeHub();
    register(hub);
    const abort = new AbortController();
    const failure = failureOf(
      hub.measure({
        board: 'host',
        program: {
          format: 'c-sources',
          sha256: '0'.repeat(64),
          files: [{ name: 'main.c', base64: '' }],
          compilerFlags: [],
        },
        inputs: [Uint8Array.of(9)],
        expectedOutputs: [EXPECTED],
        runs: 5,
        warmup: 0,
        signal: abort.signal,
      }),
    );
    const job = await takeJob(hub);
    abort.abort();
    await failure;
    assert.equal(hub.progress(job.jobId, { fence: job.fence, phase: 'measuring' }).directive, 'abort');
    assert.equal(await hub.work('a1', ['d1'], 0), null);
    hub.close();
  });

  it('wakes a long poll when a job arrives', async () => {
    const { hub } = makeHub();
    register(hub);
    const waiting = hub.work('a1', ['d1'], 1e9);
    const promise = request(hub);
    const job = await waiting;
    assert.ok(job !== null);
    hub.result(job.jobId, { fence: job.fence, status: 'done', measurement: measured(job) });
    await promise;
    hub.close();
  });

  it('refuses another agent that offers a device which is taken', () => {
    const { hub } = makeHub();
    register(hub, 'a1', 'd1');
    assert.throws(() => register(hub, 'a2', 'd1'), { code: 'DEVICE_TAKEN' });
    hub.close();
  });
});
