/** What every store must do, run against each of them. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { StoredEvent, TrialStore } from '../../src/store/trial-store.ts';
import { createTrial, type TrialRecord } from '../../src/trial/trial.ts';

interface OpenStore {
  readonly store: TrialStore;
  /** From now on every write fails as on a full disk, or succeeds again. */
  setFull(isFull: boolean): void;
  /** The same data after the process ended and began again; null where nothing outlives the process. */
  reopen(): Promise<TrialStore | null>;
  close(): Promise<void>;
}

const study = (id: string, name = id): { id: string; name: string; body: string } => ({
  id,
  name,
  body: JSON.stringify({ id, notes: '' }),
});
const trial = (number: number, x = 0.5): TrialRecord => createTrial(number, { x }, { origin: 'random' }, 1000);
const event = (seq: number, of: string): StoredEvent => ({
  seq,
  study: of,
  type: 'trial.created',
  trial: 0,
  at: 5,
  data: { a: [1, null, 'ü'] },
});

export function describeStoreContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`store contract: ${name}`, () => {
    let opened: OpenStore;
    let store: TrialStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    it('starts empty', async () => {
      assert.deepEqual(await store.studies(), []);
      assert.deepEqual(await store.trials('st_a'), []);
      assert.equal(await store.lastSeq(), 0);
      assert.equal(await store.document('token', 'a'), null);
      assert.equal(await store.isWritable(), true);
    });

    it('stores a study, its trials and events in one change', async () => {
      await store.commit({
        study: study('st_a'),
        trialsOf: 'st_a',
        trials: [trial(0), trial(1)],
        events: [event(1, 'st_a'), event(2, 'st_a')],
        documents: [{ kind: 'idempotency', key: 'k', body: '{}' }],
        durable: true,
      });
      assert.deepEqual(await store.studies(), [study('st_a')]);
      assert.deepEqual(await store.trials('st_a'), [trial(0), trial(1)]);
      assert.deepEqual(await store.events('st_a', 0, 10), [event(1, 'st_a'), event(2, 'st_a')]);
      assert.equal(await store.lastSeq(), 2);
      assert.deepEqual(await store.document('idempotency', 'k'), { kind: 'idempotency', key: 'k', body: '{}' });
    });

    it('replaces a trial by its number and keeps the order', async () => {
      await store.commit({ study: study('st_a'), trialsOf: 'st_a', trials: [trial(0), trial(1)], durable: true });
      await store.commit({ trialsOf: 'st_a', trials: [trial(0, 0.25)], durable: false });
      assert.deepEqual(await store.trials('st_a'), [trial(0, 0.25), trial(1)]);
    });

    it('pages events of one study or of all', async () => {
      await store.commit({ study: study('st_a'), durable: true });
      await store.commit({ study: study('st_b'), durable: true });
      for (const [seq, of] of [
        [1, 'st_a'],
        [2, 'st_b'],
        [3, 'st_a'],
      ] as const)
        await store.commit({ trialsOf: of, events: [event(seq, of)], durable: false });
      assert.deepEqual(
        (await store.events('st_a', 1, 10)).map(({ seq }) => seq),
        [3],
      );
      assert.deepEqual(
        (await store.events(null, 0, 2)).map(({ seq }) => seq),
        [1, 2],
      );
    });

    it('removes a study with everything of it', async () => {
      await store.commit({
        study: study('st_a'),
        trialsOf: 'st_a',
        trials: [trial(0)],
        events: [event(1, 'st_a')],
        durable: true,
      });
      await store.commit({ removeStudy: 'st_a', durable: true });
      assert.deepEqual(await store.studies(), []);
      assert.deepEqual(await store.trials('st_a'), []);
      assert.deepEqual(await store.events('st_a', 0, 10), []);
    });

    it('keeps documents by kind and key', async () => {
      await store.commit({ documents: [{ kind: 'a', key: '1', body: 'x' }], durable: true });
      await store.commit({ documents: [{ kind: 'a', key: '1', body: 'y' }], durable: true });
      assert.deepEqual(await store.documents('a'), [{ kind: 'a', key: '1', body: 'y' }]);
      await store.commit({ removeDocuments: [{ kind: 'a', key: '1' }], durable: true });
      assert.deepEqual(await store.documents('a'), []);
    });

    it('stores nothing of a change that fails, and says whose changes were lost before it rejects', async () => {
      await store.commit({ study: study('st_a', 'taken'), durable: true });
      const heard: string[] = [];
      store.onLost((studies) => heard.push(...studies));
      await assert.rejects(
        store
          .commit({ study: study('st_b', 'taken'), trialsOf: 'st_b', trials: [trial(0)], durable: true })
          .catch((error) => {
            assert.deepEqual(heard, ['st_b']);
            throw error;
          }),
        { code: 'STORE_FAILED' },
      );
      assert.deepEqual(await store.trials('st_b'), []);
      assert.equal((await store.studies()).length, 1);
    });

    it('changes nothing on a full disk, and goes on when there is room again', async () => {
      await store.commit({ study: study('st_a'), trialsOf: 'st_a', trials: [trial(0)], durable: true });
      opened.setFull(true);
      const big = createTrial(1, { x: 'y'.repeat(300_000) }, { origin: 'random' }, 0);
      await assert.rejects(store.commit({ trialsOf: 'st_a', trials: [big], durable: true }), {
        code: 'DISK_FULL',
        status: 507,
      });
      assert.deepEqual(await store.trials('st_a'), [trial(0)]);
      opened.setFull(false);
      await store.commit({ trialsOf: 'st_a', trials: [big], durable: true });
      assert.equal((await store.trials('st_a')).length, 2);
    });

    it('has everything acknowledged after a restart', async () => {
      const changes = Array.from({ length: 20 }, (_, i) =>
        store.commit({
          ...(i === 0 && { study: study('st_a') }),
          trialsOf: 'st_a',
          trials: [trial(i)],
          events: [event(i + 1, 'st_a')],
          durable: i % 2 === 0,
        }),
      );
      await Promise.all(changes);
      const again = await opened.reopen();
      if (again === null) return;
      assert.equal((await again.trials('st_a')).length, 20);
      assert.equal(await again.lastSeq(), 20);
    });
  });
}
