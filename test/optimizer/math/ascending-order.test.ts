import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ascendingOrder } from '../../../optimizer/math/ascending-order.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

describe('ascendingOrder', () => {
  const rng = createRng(6);
  const cases: [string, (i: number) => number][] = [
    ['uniform', () => rng.nextFloat()],
    ['of both signs and all sizes', () => rng.nextNormal() * 10 ** (20 * rng.nextNormal())],
    ['with many ties', () => rng.nextInt(7) - 3],
    ['that differ only in their last bits', () => 1 + rng.nextInt(1 << 20) * Number.EPSILON],
    ['descending', (i) => -i],
    [
      'with infinities and zeros of both signs',
      (i) => [Number.POSITIVE_INFINITY, 0, -0, Number.NEGATIVE_INFINITY][i % 4],
    ],
  ];
  for (const [name, value] of cases) {
    it(`sorts keys ${name}, ties in their order`, () => {
      for (const n of [0, 1, 2, 13, 100, 1023, 5000]) {
        const keys = Float64Array.from({ length: n }, (_, i) => value(i));
        const expected = Array.from(keys, (_, i) => i).sort((a, b) =>
          keys[a] === keys[b] ? a - b : keys[a] - keys[b],
        );
        assert.deepEqual(Array.from(ascendingOrder(keys)), expected);
      }
    });
  }
});
