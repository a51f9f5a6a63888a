/** The complete search with overlaps against trying every offset, on instances small enough for that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapInTime, type PlannedBuffer } from '../../../evaluators/memory/buffer.ts';
import type { AllowedOverlap } from '../../../evaluators/memory/overlap.ts';
import { planOverlapping } from '../../../evaluators/memory/plan-overlapping.ts';
import { searchOverlapping } from '../../../evaluators/memory/search-overlapping.ts';

interface Instance {
  readonly buffers: readonly PlannedBuffer[];
  readonly overlaps: readonly AllowedOverlap[];
}

/** Any lifetimes, any pairs that may overlap: more than networks have. */
const instances = (multiples: readonly number[]) =>
  fc
    .array(
      fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 3 }), fc.nat(5), fc.constantFrom(1, 1, 2), fc.nat(4), fc.nat(9)),
      { minLength: 2, maxLength: 5 },
    )
    .chain((list) =>
      fc.tuple(fc.constant(list), fc.array(fc.constantFrom(...multiples), { minLength: 5, maxLength: 5 })),
    )
    .map(([list, multiple]): Instance => {
      const buffers = list.map(([lower, life, sizeBytes, alignment], i): PlannedBuffer => {
        return { id: `b${i}`, lower, upper: lower + life, sizeBytes, alignment };
      });
      const overlaps = list.flatMap(([, , , , distance, target], i): AllowedOverlap[] => {
        const above = buffers[target % list.length];
        if (target >= 2 * list.length || above === undefined || above.id === `b${i}`) return [];
        const multipleBytes = multiple[i] ?? 1;
        return [{ below: `b${i}`, above: above.id, distanceBytes: distance, multipleBytes }];
      });
      return { buffers, overlaps };
    });

function allowed({ overlaps }: Instance, a: PlannedBuffer, atA: number, b: PlannedBuffer, atB: number): boolean {
  if (!overlapInTime(a, b) || atA + a.sizeBytes <= atB || atB + b.sizeBytes <= atA) return true;
  return overlaps.some(({ below, above, distanceBytes, multipleBytes }) => {
    if (!(below === a.id && above === b.id) && !(below === b.id && above === a.id)) return false;
    const distance = below === a.id ? atB - atA : atA - atB;
    return distance >= distanceBytes && distance % multipleBytes === 0;
  });
}

/** Whether all buffers from `index` on find an offset below the capacity. */
function fits(instance: Instance, capacity: number, at: readonly number[] = []): boolean {
  const { buffers } = instance;
  const buffer = buffers[at.length];
  if (buffer === undefined) return true;
  for (let offset = 0; offset + buffer.sizeBytes <= capacity; offset += buffer.alignment ?? 1) {
    const free = at.every((other, i) => allowed(instance, buffers[i] ?? buffer, other, buffer, offset));
    if (free && fits(instance, capacity, [...at, offset])) return true;
  }
  return false;
}

function smallestPeak(instance: Instance): number {
  let capacity = 0;
  while (!fits(instance, capacity)) capacity++;
  return capacity;
}

test('the search finds the smallest peak and proves it', () => {
  fc.assert(
    fc.property(instances([1]), (instance) => {
      const { peakBytes, lowerBoundBytes, optimal } = planOverlapping(instance.buffers, instance.overlaps);
      assert.equal(peakBytes, smallestPeak(instance));
      assert.equal(lowerBoundBytes, peakBytes);
      assert.equal(optimal, true);
    }),
    { numRuns: 400, seed: 5 },
  );
});

test('where distances must be multiples the bound is none too high, and what is called the smallest is', () => {
  fc.assert(
    fc.property(instances([1, 2, 3]), (instance) => {
      const { buffers, overlaps } = instance;
      const { peakBytes, lowerBoundBytes, optimal, offsets } = planOverlapping(buffers, overlaps);
      const smallest = smallestPeak(instance);
      assert.ok(lowerBoundBytes <= smallest && smallest <= peakBytes);
      if (optimal) assert.equal(peakBytes, smallest);
      const at = ({ id }: PlannedBuffer) => offsets.get(id) ?? assert.fail(id);
      for (const a of buffers) {
        for (const b of buffers) assert.ok(a === b || allowed(instance, a, at(a), b, at(b)), `${a.id} and ${b.id}`);
      }
    }),
    { numRuns: 400, seed: 6 },
  );
});

test('a search that may not branch gives up instead of calling it impossible', () => {
  const buffers = Array.from({ length: 4 }, (_, i) => ({ id: `b${i}`, lower: 0, upper: 1, sizeBytes: 2 + i }));
  assert.equal(searchOverlapping(buffers, [], 14, 0).kind, 'gaveUp');
  assert.equal(searchOverlapping(buffers, [], 14, 100).kind, 'found');
  assert.equal(searchOverlapping(buffers, [], 13, 1000).kind, 'infeasible');
});
