import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObservedTrial, SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import { judgeNoGain, studyProgress } from '../../../optimizer/samplers/study-progress.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace([{ name: 'x', type: 'float', low: 0, high: 1 }]);
const problem: SamplerProblem = {
  space,
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 10 },
    { metric: 'speed', direction: 'maximize', reference: 0 },
  ],
  constraints: [{ name: 'size', metrics: ['size'], violation: (m) => m['size'] - 1 }],
};

function trial(number: number, error: number, speed: number, size = 0): ObservedTrial {
  const metrics = { error: { mean: error }, speed: { mean: speed }, size: { mean: size } };
  return { number, state: 'completed', params: { x: number / 100 }, metrics };
}

describe('studyProgress', () => {
  it('follows the hypervolume over feasible trials only, in the directions of the study', () => {
    const failed: ObservedTrial = { ...trial(2, 0, 99), state: 'failed' };
    const { hypervolumes, front, reference } = studyProgress(problem, [
      trial(0, 5, 5),
      trial(1, 0, 99, 2),
      failed,
      trial(3, 6, 6),
      trial(4, 6, 6),
      trial(5, 9, 1),
    ]);
    assert.deepEqual(Array.from(hypervolumes), [25, 25, 25, 29, 29, 29]);
    assert.deepEqual(front, [0, 3, 4]);
    assert.deepEqual(reference, [10, 0]);
  });

  it('infers what the study does not give, from the front', () => {
    const open: SamplerProblem = {
      ...problem,
      objectives: problem.objectives.map(({ reference: _, ...rest }) => rest),
    };
    const { reference } = studyProgress(open, [trial(0, 1, 10), trial(1, 3, 20), trial(2, 50, 1)]);
    assert.deepEqual(reference, [3.2, 9]);
    assert.deepEqual(studyProgress(open, [trial(0, 2, 10), trial(1, 2, 10)]).reference, [2.2, 9]);
    assert.deepEqual(studyProgress(open, []).reference, [1, -1]);
  });
});

describe('judgeNoGain', () => {
  const rule = { trials: 3, hypervolumeGain: 0.01 };

  it('stops when the last trials added too little, and says how little', () => {
    const trials = [trial(0, 5, 5), trial(1, 9, 1), trial(2, 9, 1), trial(3, 9, 1)];
    const verdict = judgeNoGain(problem, trials, rule);
    assert.equal(verdict.stop, true);
    assert.match(verdict.reason, /last 3 finished trials added 0 %/);
    assert.equal(judgeNoGain(problem, [...trials, trial(4, 4, 5)], rule).stop, false);
  });

  it('waits for enough trials, for running ones, and for the first feasible one', () => {
    assert.equal(judgeNoGain(problem, [trial(0, 5, 5), trial(1, 9, 1), trial(2, 9, 1)], rule).stop, false);
    const pending: ObservedTrial = { ...trial(3, 9, 1), state: 'pending' };
    assert.equal(judgeNoGain(problem, [trial(0, 5, 5), trial(1, 9, 1), trial(2, 9, 1), pending], rule).stop, false);
    const infeasible = [0, 1, 2, 3, 4].map((i) => trial(i, 5, 5, 2));
    assert.match(judgeNoGain(problem, infeasible, rule).reason, /no feasible trial/);
  });
});
