/** Plans over banks: against trying every assignment of buffers to banks, each bank planned completely. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapInTime, type PlannedBuffer } from '../../../evaluators/memory/buffer.ts';
import { type MemoryBank, planBanks } from '../../../evaluators/memory/plan-banks.ts';
import { planMemory } from '../../../evaluators/memory/plan-memory.ts';

const instances = fc.record({
  buffers: fc
    .array(fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }), fc.nat(9)), {
      minLength: 1,
      maxLength: 6,
    })
    .map((list) =>
      list.map(([lower, life, size, bank], i): PlannedBuffer => {
        const pinned = bank < 2 ? { bank: `b${bank}` } : {};
        return { id: `v${i}`, lower, upper: lower + life, sizeBytes: size, ...pinned };
      }),
    ),
  banks: fc
    .array(fc.integer({ min: 2, max: 14 }), { minLength: 2, maxLength: 3 })
    .map((list) => list.map((bytes, k): MemoryBank => ({ name: `b${k}`, bytes }))),
});

/** Fewest bytes of the last of the first `count` banks; undefined when the buffers do not fit. */
function leastOfLast(buffers: readonly PlannedBuffer[], banks: readonly MemoryBank[]): number | undefined {
  let least: number | undefined;
  const assign = (at: number, choice: readonly number[]): void => {
    if (at < buffers.length) {
      const { bank } = buffers[at] ?? assert.fail();
      banks.forEach(({ name }, k) => {
        if (bank === undefined || bank === name) assign(at + 1, [...choice, k]);
      });
      return;
    }
    const peaks = banks.map((_, k) => {
      const own = buffers.filter((_, i) => choice[i] === k);
      return own.length === 0 ? 0 : planMemory(own).peakBytes;
    });
    const last = peaks.at(-1) ?? assert.fail();
    if (peaks.every((peak, k) => peak <= (banks[k]?.bytes ?? 0))) least = Math.min(least ?? last, last);
  };
  assign(0, []);
  return least;
}

test('as few banks as possible, and of the last as little as possible', () => {
  fc.assert(
    fc.property(instances, ({ buffers, banks }) => {
      const result = planBanks(buffers, [], banks);
      const counts = banks.map((_, k) => k + 1);
      const fewest = counts.find((count) => leastOfLast(buffers, banks.slice(0, count)) !== undefined);
      if (fewest === undefined) {
        assert.equal(result.kind, 'infeasible');
        return;
      }
      assert.ok(result.kind === 'planned');
      const { offsets, banks: used = [], optimal } = result.plan;
      assert.equal(optimal, true);
      assert.equal(used.length, fewest);
      assert.equal(used.at(-1)?.usedBytes, leastOfLast(buffers, banks.slice(0, fewest)));
      const at = ({ id }: PlannedBuffer) => offsets.get(id) ?? assert.fail(id);
      for (const a of buffers) {
        const home = used.find(({ start, usedBytes }) => start <= at(a) && at(a) + a.sizeBytes <= start + usedBytes);
        assert.ok(home !== undefined, `${a.id} lies in no bank`);
        if (a.bank !== undefined) assert.equal(home.name, a.bank);
        for (const b of buffers) {
          if (a === b || !overlapInTime(a, b)) continue;
          assert.ok(at(a) + a.sizeBytes <= at(b) || at(b) + b.sizeBytes <= at(a), `${a.id} and ${b.id}`);
        }
      }
    }),
    { numRuns: 200, seed: 8 },
  );
});

test('a bank that does not exist is refused', () => {
  const buffers = [{ id: 'a', lower: 0, upper: 1, sizeBytes: 4, bank: 'fast' }];
  assert.throws(() => planBanks(buffers, [], [{ name: 'slow', bytes: 8 }]), RangeError);
});
