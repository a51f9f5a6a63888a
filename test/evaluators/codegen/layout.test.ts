import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  axisStrides,
  channelsLast,
  isPlain,
  type Layout,
  logicalIndices,
  plainLayout,
  sameLayout,
  transposedLayout,
} from '../../../evaluators/codegen/layout.ts';
import { elementCount, stridesOf } from '../../../evaluators/ir/tensor.ts';

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
const layouts = shapes.chain((factors) =>
  fc
    .shuffledSubarray(
      factors.map((_, axis) => axis),
      { minLength: factors.length },
    )
    .map((order): Layout => ({ factors, order })),
);

/** Physical place of a logical index, by looking it up. */
function places(layout: Layout): number[] {
  const result = new Array<number>(elementCount(layout.factors));
  logicalIndices(layout).forEach((logical, physical) => {
    result[logical] = physical;
  });
  return result;
}

test('axis strides lead to the place of every element', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const strides = axisStrides(layout, layout.factors);
      assert.ok(strides !== undefined);
      const logical = stridesOf(layout.factors);
      places(layout).forEach((place, index) => {
        const position = layout.factors.map((size, axis) => Math.floor(index / (logical[axis] ?? 1)) % size);
        assert.equal(
          position.reduce((sum, i, axis) => sum + i * (strides[axis] ?? 0), 0),
          place,
        );
      });
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('two layouts are the same exactly when every element has the same place', () => {
  fc.assert(
    fc.property(layouts, layouts, (a, b) => {
      if (elementCount(a.factors) !== elementCount(b.factors)) return;
      const equal = JSON.stringify(places(a)) === JSON.stringify(places(b));
      assert.equal(sameLayout(a, b), equal);
      assert.equal(
        isPlain(a),
        places(a).every((place, index) => place === index),
      );
    }),
    { seed: 2, numRuns: 500 },
  );
});

test('a transposed layout moves no data', () => {
  fc.assert(
    fc.property(layouts, fc.integer({ min: 0, max: 1000 }), (layout, salt) => {
      const shape = layout.factors;
      const perm = shape.map((_, axis) => axis).sort((a, b) => ((a * 7 + salt) % 5) - ((b * 7 + salt) % 5) || a - b);
      const result = transposedLayout(layout, shape, perm);
      assert.ok(result !== undefined);
      const before = places(layout);
      const after = places(result);
      const target = stridesOf(perm.map((axis) => shape[axis] ?? 1));
      const source = stridesOf(shape);
      after.forEach((place, index) => {
        const original = perm.reduce(
          (sum, axis, i) => sum + (Math.floor(index / (target[i] ?? 1)) % (shape[axis] ?? 1)) * (source[axis] ?? 1),
          0,
        );
        assert.equal(place, before[original]);
      });
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('an image of one pixel or one channel is plain in channels-last order too', () => {
  assert.ok(isPlain(channelsLast([1, 64, 1, 1])));
  assert.ok(isPlain(channelsLast([1, 1, 28, 28])));
  assert.ok(!isPlain(channelsLast([1, 3, 28, 28])));
  assert.ok(sameLayout(channelsLast([1, 3, 4, 4]), { factors: [3, 16], order: [1, 0] }));
  assert.ok(isPlain(plainLayout([2, 3])));
});
