import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rankTrials } from '../../../optimizer/samplers/constrained-ranking.ts';
import type { MetricValue, ObservedTrial, SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import { scoreTrials } from '../../../optimizer/samplers/scored-trials.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const problem: SamplerProblem = {
  space: createSearchSpace([{ name: 'x', type: 'float', low: 0, high: 1 }]),
  objectives: [
    { metric: 'error', direction: 'minimize' },
    { metric: 'speed', direction: 'maximize' },
  ],
  constraints: [{ name: 'size', metrics: ['size'], violation: (m) => m['size'] - 10 }],
};

function trial(
  number: number,
  error: number,
  speed: number,
  size: number,
  state: ObservedTrial['state'] = 'completed',
) {
  const metrics: Record<string, MetricValue> = { error: { mean: error }, speed: { mean: speed }, size: { mean: size } };
  return { number, state, params: { x: number / 100 }, metrics };
}

const order = (trials: ObservedTrial[]): number[] =>
  rankTrials(scoreTrials(problem, trials)).map((t) => t.scored.trial.number);

describe('rankTrials', () => {
  it('puts feasible before infeasible, fronts in order, crowded ones last', () => {
    const trials = [
      trial(0, 0.0, 9, 30),
      trial(1, 1, 1, 5),
      trial(2, 2, 2, 5),
      trial(3, 2.1, 2.1, 5),
      trial(4, 5, 5, 10),
      trial(5, 6, 0, 5),
      trial(6, 0.0, 9, 12),
    ];
    assert.deepEqual(order(trials), [1, 4, 3, 2, 5, 6, 0]);
  });

  it('puts trials that say nothing of their constraints last, and leaves failed ones out', () => {
    const unexplained: ObservedTrial = { ...trial(1, 0, 0, 1, 'infeasible'), metrics: {} };
    const trials = [unexplained, trial(2, 1, 1, 11), trial(3, 1, 1, 1, 'failed'), trial(4, 9, 0, 9)];
    assert.deepEqual(order(trials), [4, 2, 1]);
  });
});
