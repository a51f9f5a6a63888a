import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { createSampler } from '../../../optimizer/samplers/create-sampler.ts';
import type { ObservedTrial, SamplerProblem } from '../../../optimizer/samplers/sampler.ts';
import type { Params } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const problem: SamplerProblem = {
  space: createSearchSpace(['a', 'b', 'c'].map((name) => ({ name, type: 'int', low: 1, high: 12 }))),
  objectives: [
    { metric: 'error', direction: 'minimize', reference: 1 },
    { metric: 'work', direction: 'minimize', reference: 36 },
  ],
  constraints: [],
};
const sum = (params: Params): number => Number(params['a']) + Number(params['b']) + Number(params['c']);
/** The larger the better, but a quarter of the space fits. */
const fits = (params: Params): boolean => sum(params) <= 16;

function run(told: 'infeasible' | 'failed', seed: number): ObservedTrial[] {
  const sampler = createSampler('mobo', problem, { seed, initialPoints: 8 });
  const observed: ObservedTrial[] = [];
  for (let number = 0; number < 34; number++) {
    const [{ params }] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    const metrics = { error: { mean: Math.exp(-sum(params) / 9) }, work: { mean: sum(params) } };
    observed.push(
      fits(params) ? { number, state: 'completed', params, metrics } : { number, state: told, params, metrics: {} },
    );
  }
  return observed;
}

const wasted = (trials: ObservedTrial[]): number =>
  trials.slice(14).filter(({ params }) => !fits(params)).length / (trials.length - 14);

describe('learning from failure', () => {
  it('infeasible trials without values teach where nothing fits; failed ones do not; neither is asked again', () => {
    const taught = [1, 2].map((seed) => run('infeasible', seed));
    const ignored = [1, 2].map((seed) => run('failed', seed));
    const mean = (runs: ObservedTrial[][]): number =>
      runs.reduce((total, trials) => total + wasted(trials), 0) / runs.length;
    assert.ok(
      mean(taught) < 0.6 * mean(ignored),
      `${mean(taught)} of the later asks do not fit, untaught ${mean(ignored)}`,
    );
    for (const trials of [...taught, ...ignored])
      assert.equal(new Set(trials.map(({ params }) => problem.space.cellKey(params))).size, trials.length);
  });

  it('a failed trial changes nothing but that its cell is not asked again', () => {
    const observed = run('infeasible', 3).slice(0, 20);
    const sampler = createSampler('mobo', problem, { seed: 3, initialPoints: 8 });
    const ask = (trials: ObservedTrial[]) => sampler.suggest(trials, createRng(3, 99), 1).suggestions[0];
    const before = ask(observed);
    const elsewhere = { a: 12, b: 12, c: 12 };
    const after = ask([...observed, { number: 20, state: 'failed', params: elsewhere, metrics: {} }]);
    assert.deepEqual(after, before);
    const same = ask([...observed, { number: 20, state: 'failed', params: before?.params ?? {}, metrics: {} }]);
    assert.notDeepEqual(same?.params, before?.params);
  });
});
