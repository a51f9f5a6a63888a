import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapInTime, type PlannedBuffer } from '../../../evaluators/memory/buffer.ts';
import { lifetimesOf } from '../../../evaluators/memory/lifetime.ts';
import { lowerBound } from '../../../evaluators/memory/lower-bound.ts';
import { GREEDY_RULES } from '../../../evaluators/memory/orders.ts';
import { planMemory } from '../../../evaluators/memory/plan-memory.ts';

const buffersOf = fc
  .array(
    fc.record({
      lower: fc.integer({ min: 0, max: 20 }),
      life: fc.integer({ min: 1, max: 10 }),
      sizeBytes: fc.integer({ min: 0, max: 200 }),
      alignment: fc.constantFrom(1, 4, 16),
    }),
    { maxLength: 24 },
  )
  .map((list) =>
    list.map(
      ({ lower, life, sizeBytes, alignment }, index): PlannedBuffer => ({
        id: `b${index}`,
        lower,
        upper: lower + life,
        sizeBytes,
        alignment,
      }),
    ),
  );

function offsetOf(offsets: ReadonlyMap<string, number>, id: string): number {
  const offset = offsets.get(id);
  assert.ok(offset !== undefined, `${id} has no offset`);
  return offset;
}

test('no plan lets two living buffers overlap, and offsets are aligned', () => {
  fc.assert(
    fc.property(buffersOf, fc.constantFrom('best' as const, ...GREEDY_RULES), (buffers, strategy) => {
      const plan = planMemory(buffers, { strategy, attempts: 50 });
      assert.ok(plan.peakBytes >= plan.lowerBoundBytes);
      for (const [index, a] of buffers.entries()) {
        const start = offsetOf(plan.offsets, a.id);
        assert.equal(start % (a.alignment ?? 1), 0);
        assert.ok(start + a.sizeBytes <= plan.peakBytes);
        for (const b of buffers.slice(index + 1)) {
          if (!overlapInTime(a, b) || a.sizeBytes === 0 || b.sizeBytes === 0) continue;
          const other = offsetOf(plan.offsets, b.id);
          assert.ok(start + a.sizeBytes <= other || other + b.sizeBytes <= start, `${a.id} overlaps ${b.id}`);
        }
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('the lower bound is the greatest sum of sizes at any moment', () => {
  fc.assert(
    fc.property(buffersOf, (buffers) => {
      let naive = 0;
      for (let moment = 0; moment < 32; moment++) {
        const alive = buffers.filter((b) => b.lower <= moment && moment < b.upper);
        naive = Math.max(
          naive,
          alive.reduce((sum, b) => sum + b.sizeBytes, 0),
        );
      }
      assert.equal(lowerBound(buffers).bytes, naive);
    }),
    { seed: 6, numRuns: 200 },
  );
});

test('meets the lower bound where the largest-first rule does not', () => {
  // The chain of a MobileNet stem: a narrow map between two wide ones.
  const sizes = [27648, 18432, 18432, 36864, 9216, 18432];
  const buffers = sizes.map((sizeBytes, index) => ({ id: `t${index}`, lower: index, upper: index + 2, sizeBytes }));
  const plan = planMemory(buffers);
  assert.equal(plan.peakBytes, 55296);
  assert.ok(plan.optimal);
});

test('rejects what is no buffer', () => {
  assert.throws(() => planMemory([{ id: 'a', lower: 2, upper: 2, sizeBytes: 1 }]), /lifetime/);
  assert.throws(() => planMemory([{ id: 'a', lower: 0, upper: 1, sizeBytes: -1 }]), /size/);
  const one = { id: 'a', lower: 0, upper: 1, sizeBytes: 1 };
  assert.throws(() => planMemory([one, one]), /two buffers/);
  assert.equal(planMemory([]).peakBytes, 0);
});

test('lifetimes reach from the first to the last step that touches a buffer', () => {
  const steps = [
    { reads: ['in'], writes: ['a'] },
    { reads: ['a'], writes: ['b'] },
    { reads: ['a', 'b'], writes: ['out'] },
  ];
  const lifetimes = lifetimesOf(steps, ['in'], ['out']);
  assert.deepEqual(lifetimes.get('in'), { lower: 0, upper: 2 });
  assert.deepEqual(lifetimes.get('a'), { lower: 1, upper: 4 });
  assert.deepEqual(lifetimes.get('out'), { lower: 3, upper: 5 });
});
