import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Acquisition } from '../../../optimizer/acquisition/acquisition.ts';
import { maximizeAcquisition, type SearchTask } from '../../../optimizer/acquisition/maximize.ts';
import { searchWithin } from '../../../optimizer/acquisition/search-within.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace(
  [
    { name: 'width', type: 'int', low: 0, high: 9 },
    { name: 'rate', type: 'float', low: 0, high: 1 },
    { name: 'tuned', type: 'categorical', choices: [false, true] },
    { name: 'epochs', type: 'int', low: 1, high: 8, when: { param: 'tuned', in: [true] } },
  ],
  [({ width, rate }) => Number(width) + 10 * Number(rate) <= 13],
);
/** Largest at the widest design, rate 0.9 and all epochs. */
const acquisition: Acquisition = {
  evaluate: ({ params, unit }, gradient) => {
    gradient?.fill(0);
    if (gradient !== undefined) gradient[1] = -2 * (unit[1] - 0.9);
    return Number(params['width']) - (unit[1] - 0.9) ** 2 + Number(params['epochs'] ?? 0);
  },
};
const task: SearchTask = {
  space,
  acquisition,
  knownViolation: ({ epochs }) => Math.max(0, Number(epochs ?? 0) - 6),
  isSeen: () => false,
  incumbents: [],
};
const effort = { rawSamples: 128, restarts: 4, iterations: 40, exhaustive: 100 };
const base = { width: 5, rate: 0.1, tuned: false };

describe('searchWithin', () => {
  it('moves only what is free, and keeps to every rule of the whole', () => {
    const within = searchWithin(task, base, [1, 2, 3]);
    assert.ok(within !== undefined);
    const [found] = maximizeAcquisition(within.task, effort, createRng(1)).map(within.whole);
    const { rate, ...rest } = found.candidate.params;
    assert.deepEqual(rest, { width: 5, tuned: true, epochs: 6 });
    assert.ok(Math.abs(Number(rate) - 0.8) < 1e-3, `${rate}`);
    assert.equal(found.candidate.row.length, 4);
  });

  it('returns no point that is seen in the whole', () => {
    const isSeen: SearchTask['isSeen'] = ({ epochs }) => epochs === 6;
    const within = searchWithin({ ...task, isSeen }, base, [2, 3]);
    assert.ok(within !== undefined);
    const [found] = maximizeAcquisition(within.task, effort, createRng(1)).map(within.whole);
    assert.deepEqual(found.candidate.params, { width: 5, rate: 0.1, tuned: true, epochs: 5 });
  });

  it('is nothing where no free parameter is active', () => {
    assert.equal(searchWithin(task, base, [3]), undefined);
  });
});
