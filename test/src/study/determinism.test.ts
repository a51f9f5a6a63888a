import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { StudyService } from '../../../src/study/study-service.ts';
import { fenceOf, makeDefinition, metricsOf, runOne } from '../../support/make-study.ts';

/** Params of `count` trials, one at a time; `restarts` closes and opens the service between them. */
async function run(
  kind: 'mobo' | 'sobol' | 'random',
  count: number,
  options: { restarts?: boolean } = {},
): Promise<unknown[]> {
  const store = new MemoryStore();
  let service = await StudyService.open({ store });
  await service.create(makeDefinition({ sampler: { kind, seed: 5, initialPoints: 5 } }));
  const seen: unknown[] = [];
  for (let i = 0; i < count; i++) {
    if (options.restarts === true) {
      await service.close();
      service = await StudyService.open({ store });
    }
    seen.push((await runOne(service, 'study')).params);
  }
  await service.close();
  return seen;
}

describe('the same seed and the same results', () => {
  for (const [kind, count] of [
    ['mobo', 8],
    ['sobol', 20],
    ['random', 20],
  ] as const)
    it(`give the same ${kind} trials, with and without restarts`, async () => {
      const plain = await run(kind, count);
      assert.deepEqual(await run(kind, count, { restarts: true }), plain);
      assert.equal(new Set(plain.map((params) => JSON.stringify(params))).size, count);
    });

  it('give the same mobo trials when several run at once', async () => {
    const once = async (): Promise<unknown[]> => {
      const service = await StudyService.open({ store: new MemoryStore() });
      await service.create(makeDefinition({ sampler: { kind: 'mobo', seed: 5, initialPoints: 4 } }));
      const seen: unknown[] = [];
      for (let round = 0; round < 3; round++) {
        const trials = await service.ask('study', { count: 3 });
        seen.push(...trials.map(({ params }) => params));
        for (const trial of trials)
          await service.tell(trial.id, { fence: fenceOf(trial).fence, metrics: metricsOf(trial) });
      }
      await service.close();
      return seen;
    };
    assert.deepEqual(await once(), await once());
  });
});
