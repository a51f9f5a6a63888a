import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRng } from '../../../optimizer/math/rng.ts';
import {
  type BoxDecomposition,
  decomposeNonDominated,
  hypervolumeImprovement,
  insertIntoDecomposition,
} from '../../../optimizer/pareto/box-decomposition.ts';
import { relevantFront } from '../../../optimizer/pareto/dominance.ts';
import { hypervolume } from '../../../optimizer/pareto/hypervolume.ts';
import { close } from './reference.ts';

const tiedPoints = (m: number, maxLength: number) =>
  fc.array(
    fc.array(
      fc.integer({ min: 0, max: 9 }).map((k) => k / 8),
      { minLength: m, maxLength: m },
    ),
    { maxLength },
  );
const generalPoints = (m: number, maxLength: number) =>
  fc.array(fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { minLength: m, maxLength: m }), { maxLength });
const ones = (m: number): number[] => new Array<number>(m).fill(1);

/** Volume of the boxes inside [−1, ∞)^m. */
function volumeAboveMinusOne({ m, count, lower, upper }: BoxDecomposition): number {
  let sum = 0;
  for (let k = 0; k < count; k++) {
    let volume = 1;
    for (let j = 0; j < m; j++) volume *= Math.max(0, upper[k * m + j] - Math.max(-1, lower[k * m + j]));
    sum += volume;
  }
  return sum;
}

for (const m of [1, 2, 3, 4, 5]) {
  describe(`decomposeNonDominated, m = ${m}`, () => {
    for (const [name, points] of [
      ['general points', generalPoints(m, 12)],
      ['ties and duplicates', tiedPoints(m, 12)],
    ] as const) {
      it(`fills exactly what the front leaves: ${name}`, () => {
        fc.assert(
          fc.property(points, tiedPoints(m, 4), (front, probes) => {
            const boxes = decomposeNonDominated(front, ones(m));
            assert.ok(close(volumeAboveMinusOne(boxes), 2 ** m - hypervolume(front, ones(m))));
            const hv = hypervolume(front, ones(m));
            let grown = boxes;
            for (const probe of probes) {
              const improved = hypervolume([...front, probe], ones(m)) - hv;
              assert.ok(close(hypervolumeImprovement(boxes, probe), improved));
              grown = insertIntoDecomposition(grown, probe);
            }
            assert.ok(close(volumeAboveMinusOne(grown), 2 ** m - hypervolume([...front, ...probes], ones(m))));
          }),
          { seed: 21, numRuns: 120 },
        );
      });
    }
  });
}

describe('number of boxes', () => {
  it('is at most n + 1 for two and 2n + 1 for three objectives', () => {
    const rng = createRng(5);
    for (const m of [2, 3]) {
      const points = Array.from({ length: 200 }, () => Array.from({ length: m }, () => rng.nextFloat()));
      const n = relevantFront(points, ones(m)).length;
      assert.ok(decomposeNonDominated(points, ones(m)).count <= (m - 1) * n + 1);
    }
  });
});
