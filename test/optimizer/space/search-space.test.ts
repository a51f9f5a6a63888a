import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRng } from '../../../optimizer/math/rng.ts';
import type { Parameter } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';
import { SpaceError } from '../../../optimizer/space/space-error.ts';

const conditional: readonly Parameter[] = [
  { name: 'width', type: 'int', low: 4, high: 30, step: 4 },
  { name: 'epochs', type: 'int', low: 0, high: 3, when: { param: 'finetune', in: [true] } },
  { name: 'finetune', type: 'categorical', choices: [false, true] },
  { name: 'method', type: 'categorical', choices: ['l1', 'l2', 'apoz'], when: { param: 'epochs', in: [1, 3] } },
];
const mixed: readonly Parameter[] = [
  ...conditional,
  { name: 'rate', type: 'float', low: 1e-4, high: 1e-1, log: true },
  { name: 'dropout', type: 'float', low: 0, high: 0.5, step: 0.1 },
  { name: 'batch', type: 'int', low: 1, high: 64, log: true },
];

const spaceError = (message: RegExp) => (error: unknown) => error instanceof SpaceError && message.test(error.message);

describe('createSearchSpace', () => {
  it('counts the distinct cells of conditional parameters', () => {
    // width 7 × (finetune off: 1, on: epochs 0 and 2: one each, 1 and 3: three methods each).
    assert.equal(createSearchSpace(conditional).cellCount, 7 * (1 + 2 + 6));
    assert.equal(createSearchSpace(mixed).cellCount, Number.POSITIVE_INFINITY);
  });

  it('lists every cell once, with its own key', () => {
    const space = createSearchSpace(conditional);
    const keys = new Set([...space.cells()].map((params) => space.cellKey(space.validate(params))));
    assert.equal(keys.size, space.cellCount);
    for (const key of keys) assert.match(key, /^\d+$/);
  });

  it('leaves cells out that a parameter constraint forbids', () => {
    const space = createSearchSpace(conditional, [(p) => Number(p['width']) <= 8]);
    assert.equal([...space.cells()].length, 2 * 9);
    assert.throws(() => space.validate({ width: 12, finetune: false }), spaceError(/constraint number 1/));
  });

  it('returns to the same cell through the unit cube', () => {
    const space = createSearchSpace(mixed);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }), (unit) => {
        const params = space.validate(space.decode(unit));
        const again = space.decode(space.encode(params));
        assert.equal(space.cellKey(again), space.cellKey(params));
        assert.deepEqual(space.snap(space.encode(params)), space.encode(again));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('samples only legal points, and every cell of a small space', () => {
    const space = createSearchSpace(conditional, [(p) => p['width'] !== 4]);
    const rng = createRng(3);
    const seen = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const params = space.sampleParams(rng);
      assert.ok(params !== null);
      seen.add(space.cellKey(space.validate(params)));
    }
    assert.equal(seen.size, 6 * 9);
  });

  it('ignores inactive values in keys and switches parameters by their parents', () => {
    const space = createSearchSpace(conditional);
    assert.equal(space.isActive('method', { width: 4, finetune: true, epochs: 1 }), true);
    assert.equal(space.isActive('method', { width: 4, finetune: false }), false);
    assert.deepEqual([...space.activeMask({ width: 4, finetune: false })], [1, 0, 1, 0]);
    assert.deepEqual(space.decode([0, 0.9, 0.1, 0.9]), { width: 4, finetune: false });
  });

  it('moves one step at a time', () => {
    const space = createSearchSpace(conditional);
    const moved = space.neighbours({ width: 8, finetune: false });
    assert.deepEqual(moved, [
      { width: 4, finetune: false },
      { width: 12, finetune: false },
      { width: 8, epochs: 2, finetune: true },
    ]);
  });

  it('completes a partial point', () => {
    const space = createSearchSpace(mixed);
    const params = space.completeParams({ method: 'apoz', width: 16 }, createRng(5));
    assert.ok(params !== null);
    assert.equal(params['method'], 'apoz');
    assert.equal(params['width'], 16);
    space.validate(params);
    // One in 10⁴ values of the parent would do.
    const rare = createSearchSpace([
      { name: 'parent', type: 'int', low: 1, high: 10_000 },
      { name: 'child', type: 'int', low: 0, high: 1, when: { param: 'parent', in: [77] } },
    ]);
    assert.deepEqual(rare.completeParams({ child: 1 }, createRng(5)), { parent: 77, child: 1 });
    assert.equal(rare.completeParams({ child: 1, parent: 5 }, createRng(5)), null);
    assert.throws(() => space.completeParams({ width: 5 }, createRng(5)), spaceError(/not on the grid/));
  });

  it('counts a range of one value as a constant', () => {
    const space = createSearchSpace([
      { name: 'a', type: 'float', low: 2.5, high: 2.5 },
      { name: 'b', type: 'int', low: 7, high: 7, log: true },
      { name: 'c', type: 'float', low: 0, high: 0 },
    ]);
    assert.equal(space.cellCount, 1);
    assert.deepEqual(space.decode([0.1, 0.9, 1]), { a: 2.5, b: 7, c: 0 });
    assert.deepEqual(space.validate({ a: 2.5, b: 7, c: 0 }), { a: 2.5, b: 7, c: 0 });
    assert.throws(() => space.validate({ a: 2.6, b: 7, c: 0 }), SpaceError);
  });

  it('writes grid values as a user would type them', () => {
    const space = createSearchSpace([{ name: 'x', type: 'float', low: 0.1, high: 0.5, step: 0.1 }]);
    assert.deepEqual(
      [...space.cells()].map((p) => p['x']),
      [0.1, 0.2, 0.3, 0.4, 0.5],
    );
  });

  it('refuses points that are not of the space, and says why', () => {
    const space = createSearchSpace(conditional);
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ width: 4 }, /"finetune": is active but has no value/],
      [{ width: 5, finetune: false }, /"width": 5 is not on the grid 4, 8, … 28/],
      [{ width: 40, finetune: false }, /outside \[4, 30\]/],
      [{ width: 4, finetune: 'yes' }, /not one of false, true/],
      [{ width: 4, finetune: false, epochs: 1 }, /inactive: it needs "finetune" in \[true\]/],
      [{ width: 4, finetune: false, depth: 1 }, /"depth": is not in this space/],
      [{ width: Number.NaN, finetune: false }, /expected a finite number/],
    ];
    for (const [params, message] of cases) assert.throws(() => space.validate(params), spaceError(message));
  });

  it('refuses definitions that make no sense', () => {
    const bad: [Parameter[], RegExp][] = [
      [[], /at least one parameter/],
      [[{ name: 'a', type: 'int', low: 2, high: 1 }], /low 2 is above high 1/],
      [[{ name: 'a', type: 'int', low: 0.5, high: 1 }], /low must be an integer/],
      [[{ name: 'a', type: 'float', low: 0, high: 1, log: true }], /log scale needs low > 0/],
      [[{ name: 'a', type: 'float', low: 0, high: 1, step: 0 }], /step must be a positive number/],
      [[{ name: 'a', type: 'categorical', choices: [] }], /at least one choice/],
      [[{ name: 'a', type: 'categorical', choices: [1, 1] }], /differ from one another/],
      [[{ name: 'a', type: 'int', low: 0, high: 1, when: { param: 'b', in: [1] } }], /unknown parameter "b"/],
      [[{ name: 'a', type: 'int', low: 0, high: 1, when: { param: 'a', in: [1] } }], /depends on itself/],
      [
        [
          { name: 'a', type: 'int', low: 0, high: 1 },
          { name: 'a', type: 'int', low: 0, high: 1 },
        ],
        /defined twice/,
      ],
    ];
    for (const [parameters, message] of bad) assert.throws(() => createSearchSpace(parameters), spaceError(message));
  });
});
