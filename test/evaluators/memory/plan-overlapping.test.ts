/** Plans with allowed overlaps: nothing else shares bytes, distances are kept, no plan is below the bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapInTime, type PlannedBuffer } from '../../../evaluators/memory/buffer.ts';
import type { AllowedOverlap } from '../../../evaluators/memory/overlap.ts';
import { planMemory } from '../../../evaluators/memory/plan-memory.ts';
import { planOverlapping } from '../../../evaluators/memory/plan-overlapping.ts';

/** A chain of steps: value i is made in step i from value i - 1, with working memory beside some and values that live longer. */
const chains = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.nat(24), fc.constantFrom(1, 4, 16), fc.nat(6), fc.nat(20)), {
    minLength: 2,
    maxLength: 14,
  })
  .map((list) => {
    const values = list.map(([size, , , extra], i): PlannedBuffer => {
      // Most values die when the next is made, some live longer.
      const upper = extra > 4 ? i + 2 + extra : i + 2;
      return { id: `v${i}`, lower: i, upper, sizeBytes: size * 16, alignment: 4 };
    });
    const scratch = list.flatMap(([, , , , size], i): PlannedBuffer[] =>
      size > 10 ? [{ id: `s${i}`, lower: i, upper: i + 1, sizeBytes: size * 4, alignment: 4 }] : [],
    );
    const overlaps = list.flatMap(([, distance, multiple], i): AllowedOverlap[] => {
      const above = values[i - 1];
      if (above === undefined || above.upper !== i + 1) return [];
      const distanceBytes = Math.ceil((distance * 8) / multiple) * multiple;
      return [{ below: `v${i}`, above: above.id, distanceBytes, multipleBytes: multiple }];
    });
    return { buffers: [...values, ...scratch], overlaps };
  });

test('only allowed overlaps share bytes, at allowed distances', () => {
  fc.assert(
    fc.property(chains, ({ buffers, overlaps }) => {
      const { offsets, peakBytes, lowerBoundBytes } = planOverlapping(buffers, overlaps);
      const at = (id: string) => offsets.get(id) ?? assert.fail(id);
      for (const a of buffers) {
        assert.equal(at(a.id) % 4, 0);
        assert.ok(at(a.id) + a.sizeBytes <= peakBytes);
        for (const b of buffers) {
          if (a.id >= b.id || !overlapInTime(a, b)) continue;
          if (at(a.id) + a.sizeBytes <= at(b.id) || at(b.id) + b.sizeBytes <= at(a.id)) continue;
          const rule = overlaps.find(({ below, above }) => [below, above].sort().join() === [a.id, b.id].sort().join());
          assert.ok(rule !== undefined, `${a.id} and ${b.id} share bytes`);
          const distance = at(rule.above) - at(rule.below);
          assert.ok(distance >= rule.distanceBytes && distance % rule.multipleBytes === 0);
        }
      }
      assert.ok(lowerBoundBytes <= peakBytes);
      assert.ok(lowerBoundBytes <= planMemory(buffers, { nodeLimit: 1000 }).peakBytes);
    }),
    { numRuns: 300, seed: 21 },
  );
});
