import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObservedTrial, SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import { transferFrom } from '../../../optimizer/samplers/transfer.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const problem: SamplerProblem = {
  space: createSearchSpace([{ name: 'x', type: 'float', low: 0, high: 1 }]),
  objectives: [{ metric: 'error', direction: 'minimize' }],
  constraints: [],
};
const study = (count: number, f: (x: number) => number): ObservedTrial[] =>
  Array.from({ length: count }, (_, number) => {
    const x = (number + 0.5) / count;
    return { number, state: 'completed', params: { x }, metrics: { error: { mean: f(x) } } };
  });
const bowl = (x: number): number => (x - 0.3) ** 2;

describe('transferFrom', () => {
  it('predicts the new study by the old one', () => {
    const { priorMean, discounts } = transferFrom(problem, study(12, bowl), []);
    assert.equal(discounts.get('error'), 1);
    assert.ok(Math.abs((priorMean.get('error')?.({ x: 0.7 }) ?? 9) - bowl(0.7)) < 0.02);
  });

  it('trusts the old study less when own trials contradict it', () => {
    const agreeing =
      transferFrom(
        problem,
        study(12, bowl),
        study(8, (x) => bowl(x) + 5),
      ).discounts.get('error') ?? 0;
    const contrary =
      transferFrom(
        problem,
        study(12, bowl),
        study(8, (x) => -bowl(x)),
      ).discounts.get('error') ?? 1;
    assert.ok(agreeing > 0.9);
    assert.equal(contrary, 0);
  });

  it('leaves out what is not of this space', () => {
    const foreign = study(12, bowl).map((t) => ({ ...t, params: { ...t.params, depth: 2 } }));
    assert.equal(transferFrom(problem, foreign, []).priorMean.size, 0);
  });
});
