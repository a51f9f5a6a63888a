import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../../optimizer/math/rng.ts';
import { createSampler } from '../../../../optimizer/samplers/create-sampler.ts';
import { createFidelitySampler } from '../../../../optimizer/samplers/fidelity/fidelity-sampler.ts';
import type { ObservedTrial, SamplerProblem } from '../../../../optimizer/samplers/sampler.ts';
import type { Params } from '../../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../../optimizer/space/search-space.ts';

const problem: SamplerProblem = {
  space: createSearchSpace([
    { name: 'x', type: 'float', low: 0, high: 1 },
    { name: 'epochs', type: 'int', low: 1, high: 40 },
  ]),
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 1 },
    { metric: 'size', direction: 'minimize', reference: 1 },
  ],
  constraints: [],
  known: new Map([['size', ({ x }) => Number(x)]]),
};
/** Nothing is gained after a few epochs. */
const error = ({ x, epochs }: Params): number => (1 - Number(x)) ** 2 * 0.8 + 0.5 * Math.exp(-Number(epochs));
const seconds = ({ epochs }: Params): number => 1 + Number(epochs);

function run(isCostAware: boolean): ObservedTrial[] {
  const inner = createSampler('mobo', problem, { seed: 1, initialPoints: 6 });
  const sampler = isCostAware ? createFidelitySampler(problem, inner, { parameter: 'epochs', seconds }) : inner;
  const observed: ObservedTrial[] = [];
  for (let number = 0; number < 16; number++) {
    const [{ params }] = sampler.suggest(observed, createRng(1, number, 'suggest'), 1).suggestions;
    const metrics = { error: { mean: error(params) }, size: { mean: Number(params['x']) } };
    observed.push({ number, state: 'completed', params, metrics });
  }
  return observed;
}

describe('createFidelitySampler', () => {
  it('spends fewer seconds where more effort gains little, never the same point twice, the same again', () => {
    const spent = (trials: ObservedTrial[]): number =>
      trials.slice(6).reduce((sum, { params }) => sum + seconds(params), 0);
    const aware = run(true);
    assert.ok(spent(aware) < 0.8 * spent(run(false)), `${spent(aware)} and ${spent(run(false))}`);
    assert.equal(new Set(aware.map(({ params }) => problem.space.cellKey(params))).size, 16);
    assert.deepEqual(run(true), aware);
  });

  it('says which level it chose, and at what cost', () => {
    const observed = run(true);
    const inner = createSampler('mobo', problem, { seed: 1, initialPoints: 6 });
    const sampler = createFidelitySampler(problem, inner, { parameter: 'epochs', seconds });
    const { suggestions } = sampler.suggest(observed, createRng(1, 16, 'suggest'), 2);
    assert.equal(suggestions.length, 2);
    assert.match(
      suggestions[0]?.why.note ?? '',
      /^epochs \d+: most expected gain per second among \d+ options, at \d+ s$/,
    );
  });

  it('refuses a parameter that is not there', () => {
    const inner = createSampler('random', problem, { seed: 1 });
    assert.throws(() => createFidelitySampler(problem, inner, { parameter: 'steps', seconds }), RangeError);
  });
});
