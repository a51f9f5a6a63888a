import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WireTrial } from '../../../src/contract/trial.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { StudyService } from '../../../src/study/study-service.ts';
import { fenceOf, finiteSpace, makeDefinition, metricsOf } from '../../support/make-study.ts';

interface Manner {
  /** Every fourth ask comes to another service on the same store. */
  readonly restarts?: boolean;
  /** Before every step: what is prepared is then mostly ready. */
  readonly pauseMs?: number;
}

/** Two workers on one study: what each ask gave, in an order of asks and tells that is always the same. */
async function twoWorkers(ahead: number, asks: number, { restarts = false, pauseMs = 0 }: Manner = {}) {
  const store = new MemoryStore();
  let service = await StudyService.open({ store });
  await service.create(makeDefinition({ sampler: { kind: 'mobo', seed: 5, initialPoints: 4, ahead } }));
  const open: WireTrial[] = [];
  const given: WireTrial[] = [];
  for (let i = 0; i < asks; i++) {
    if (restarts && i % 4 === 3) {
      await service.close();
      service = await StudyService.open({ store });
    }
    if (pauseMs > 0) await sleep(pauseMs);
    const count = i === 6 ? 3 : 1;
    const trials = await service.ask('study', { count });
    given.push(...trials);
    open.push(...trials);
    // The later of the two now and then ends first.
    while (open.length > 1) {
      const [trial] = open.splice(i % 3 === 0 ? 1 : 0, 1);
      assert.ok(trial);
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: metricsOf(trial) });
    }
    if (i === 4)
      await service.tellBatch('study', [{ params: { x: 0.25, n: 3 }, metrics: { loss: 0.28, accuracy: 0.5 } }]);
    if (i === 8) await service.enqueue('study', { params: { x: 0.75, n: 8 } });
  }
  const counts = { ...service.suggestionCounts };
  await service.close();
  return { given, params: given.map(({ params }) => params), counts };
}

describe('suggestions made ahead', () => {
  for (const ahead of [0, 1, 2])
    it(`follow from the order of asks and tells alone: ${ahead} ahead`, async () => {
      const plain = await twoWorkers(ahead, 12);
      assert.deepEqual((await twoWorkers(ahead, 12, { restarts: true })).params, plain.params);
      assert.equal(new Set(plain.params.map((params) => JSON.stringify(params))).size, plain.given.length);
    });

  it('are the same whether or not there is time to prepare them', async () => {
    const patient = await twoWorkers(2, 12, { pauseMs: 100 });
    assert.deepEqual(patient.params, (await twoWorkers(2, 12)).params);
    assert.ok(patient.counts.ready + patient.counts.awaited > patient.counts.computed, JSON.stringify(patient.counts));
  });

  it('say which results they did not know', async () => {
    const { given } = await twoWorkers(1, 10);
    const modelled = given.filter(({ why }) => why.acquisition !== undefined);
    assert.ok(modelled.some(({ why }) => why.unseen !== undefined));
    for (const { number, why } of modelled) for (const unseen of why.unseen ?? []) assert.ok(unseen < number);
    const exact = await twoWorkers(0, 10);
    assert.ok(exact.given.every(({ why }) => why.unseen === undefined));
  });

  it('know all results but those told since the ask before', async () => {
    const service = await StudyService.open({ store: new MemoryStore() });
    await service.create(makeDefinition({ sampler: { kind: 'mobo', seed: 5, initialPoints: 3, ahead: 1 } }));
    let last: WireTrial | undefined;
    for (let i = 0; i < 8; i++) {
      [last] = await service.ask('study');
      assert.ok(last);
      await service.tell(last.id, { fence: fenceOf(last).fence, metrics: metricsOf(last) });
    }
    assert.deepEqual(last?.why.unseen, [6]);
    await service.close();
  });

  it('try every cell of a finite space once, then say that nothing is left', async () => {
    const service = await StudyService.open({ store: new MemoryStore() });
    const sampler = { kind: 'mobo', seed: 5, initialPoints: 3, ahead: 2 } as const;
    await service.create(makeDefinition({ space: finiteSpace(9), sampler }));
    const cells = new Set<unknown>();
    for (let i = 0; i < 9; i++) {
      const [trial] = await service.ask('study');
      assert.ok(trial);
      cells.add(trial.params['n']);
      await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: metricsOf(trial) });
    }
    assert.equal(cells.size, 9);
    await assert.rejects(service.ask('study'), { code: 'SPACE_EXHAUSTED' });
    await service.close();
  });
});
