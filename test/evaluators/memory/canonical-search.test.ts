import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PlannedBuffer } from '../../../evaluators/memory/buffer.ts';
import { searchPlacement } from '../../../evaluators/memory/canonical-search.ts';
import { lowerBound } from '../../../evaluators/memory/lower-bound.ts';
import { planMemory } from '../../../evaluators/memory/plan-memory.ts';
import { cutIntoSections } from '../../../evaluators/memory/sections.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

const instances = fc
  .array(
    fc.record({
      lower: fc.nat(8),
      length: fc.integer({ min: 1, max: 5 }),
      sizeBytes: fc.integer({ min: 1, max: 6 }),
      alignment: fc.constantFrom(1, 1, 2, 4),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((list) =>
    list.map(
      ({ lower, length, sizeBytes, alignment }, index): PlannedBuffer => ({
        id: `b${index}`,
        lower,
        upper: lower + length,
        sizeBytes,
        alignment,
      }),
    ),
  );

function clashes(buffers: readonly PlannedBuffer[], offsetOf: (index: number) => number): string[] {
  const found: string[] = [];
  buffers.forEach((a, i) => {
    if (offsetOf(i) % (a.alignment ?? 1) !== 0) found.push(`${a.id} is misaligned`);
    buffers.slice(0, i).forEach((b, j) => {
      const inTime = a.lower < b.upper && b.lower < a.upper;
      if (inTime && offsetOf(i) < offsetOf(j) + b.sizeBytes && offsetOf(j) < offsetOf(i) + a.sizeBytes)
        found.push(`${a.id} and ${b.id}`);
    });
  });
  return found;
}

/** The truth by trying every offset of every buffer. */
function fitsByBruteForce(buffers: readonly PlannedBuffer[], capacity: number, placed: number[] = []): boolean {
  if (placed.length === buffers.length) return true;
  const buffer = buffers[placed.length];
  for (let offset = 0; offset + buffer.sizeBytes <= capacity; offset++) {
    const next = [...placed, offset];
    if (
      clashes(buffers.slice(0, next.length), (index) => next[index]).length === 0 &&
      fitsByBruteForce(buffers, capacity, next)
    )
      return true;
  }
  return false;
}

describe('cutIntoSections', () => {
  it('puts two buffers into a common section exactly when they are alive together', () => {
    fc.assert(
      fc.property(instances, (buffers) => {
        const { first, end } = cutIntoSections(buffers);
        buffers.forEach((a, i) => {
          buffers.forEach((b, j) => {
            assert.equal(first[i] < end[j] && first[j] < end[i], a.lower < b.upper && b.lower < a.upper);
          });
        });
      }),
      { seed: 1 },
    );
  });
});

describe('searchPlacement', () => {
  it('finds a placement exactly when one exists', () => {
    fc.assert(
      fc.property(instances, fc.integer({ min: 1, max: 14 }), (buffers, capacity) => {
        const result = searchPlacement(buffers, capacity, 1e6);
        assert.notEqual(result.kind, 'gaveUp');
        assert.equal(result.kind === 'found', fitsByBruteForce(buffers, capacity));
        if (result.kind === 'found') {
          assert.deepEqual(
            clashes(buffers, (index) => result.offsets[index]),
            [],
          );
          buffers.forEach((buffer, index) => {
            assert.ok(result.offsets[index] + buffer.sizeBytes <= capacity);
          });
        }
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  it('says when the node limit came first', () => {
    const buffers = Array.from({ length: 12 }, (_, index) => ({
      id: `${index}`,
      lower: index,
      upper: index + 4,
      sizeBytes: 3 + ((index * 7) % 5),
    }));
    assert.equal(searchPlacement(buffers, lowerBound(buffers).bytes, 2).kind, 'gaveUp');
  });

  for (const name of ['A', 'B', 'C', 'D', 'E', 'F']) {
    it(`fits the hard instance ${name} into 1 MiB`, { skip: skipWithoutShared() }, () => {
      const [, ...lines] = readFileSync(sharedPath('data', 'planning', `${name}.1048576.csv`), 'utf8')
        .trim()
        .split('\n');
      const buffers = lines.map((line): PlannedBuffer => {
        const [id = '', lower, upper, size] = line.split(',');
        return { id, lower: Number(lower), upper: Number(upper), sizeBytes: Number(size) };
      });
      const plan = planMemory(buffers, { capacityBytes: 1 << 20, attempts: 0, nodeLimit: 1e6 });
      assert.ok(plan.peakBytes <= 1 << 20);
      assert.deepEqual(
        clashes(buffers, (index) => plan.offsets.get(buffers[index].id) ?? -1),
        [],
      );
    });
  }
});
