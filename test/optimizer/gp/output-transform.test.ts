import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  bilogTransform,
  linearTransform,
  logTransform,
  momentsOf,
  type OutputTransform,
  quantile,
  softClipTransform,
} from '../../../optimizer/gp/output-transform.ts';

const values = [0.5, 1, 2, 3, 8, 40, 900];
const transforms: readonly (readonly [string, OutputTransform])[] = [
  ['soft clip', softClipTransform(values, 5, 4)],
  ['log', logTransform(values, -0.2)],
  ['bilog', bilogTransform([-3, -1, 0.2, 5, 70])],
  ['linear', linearTransform(3, 2)],
];

describe('output transforms', () => {
  for (const [name, transform] of transforms) {
    it(`are invertible and rise with the slope they tell (${name})`, () => {
      fc.assert(
        fc.property(fc.double({ min: 0, max: 2000, noNaN: true }), (value) => {
          const there = transform.forward(value);
          assert.ok(Math.abs(transform.inverse(there) - value) < 1e-8 * (1 + value));
          const step = 1e-5 * (1 + value);
          const difference = (transform.forward(value + step) - transform.forward(value)) / step;
          assert.ok(difference > 0);
          assert.ok(Math.abs(transform.slope(value) - difference) < 1e-3 * difference, `${transform.slope(value)}`);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('standardise', () => {
    for (const [, transform] of transforms.slice(0, 2)) {
      const { mean, deviation } = momentsOf(values.map((value) => transform.forward(value)));
      assert.ok(Math.abs(mean) < 1e-12 && Math.abs(deviation - 1) < 1e-12);
    }
  });

  it('tame outliers beyond the knee and leave what is better alone', () => {
    const transform = softClipTransform(values, 5, 4);
    assert.ok(transform.forward(900) - transform.forward(40) < 2);
    const ratio = (transform.forward(3) - transform.forward(1)) / (transform.forward(2) - transform.forward(1));
    assert.ok(Math.abs(ratio - 2) < 1e-12);
    const { kind, location, scale } = transform.shape;
    assert.equal(kind, 'linear');
    assert.ok(Math.abs(location + scale * transform.forward(2) - 2) < 1e-12);
  });

  it('keep the sign of violations', () => {
    const transform = bilogTransform([-3, -1, 0.2, 5, 70]);
    assert.equal(transform.forward(0), 0);
    for (const v of [1e-9, 0.3, 1e6]) {
      assert.ok(transform.forward(v) > 0);
      assert.equal(transform.forward(-v), -transform.forward(v));
    }
  });

  it('give finite numbers for constant and single values', () => {
    for (const same of [[], [7], [7, 7, 7]]) {
      assert.equal(momentsOf(same).deviation, 1);
      assert.ok(Number.isFinite(bilogTransform(same).forward(3)));
      if (same.length > 0) assert.ok(Number.isFinite(softClipTransform(same, 7, 1e-12).forward(9)));
    }
    assert.equal(quantile([1, 2, 4], 0.75), 3);
  });
});
