import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng, createSampler, openProblems, type SamplerKind } from '../../../optimizer/index.ts';
import type { ObservedTrial } from '../../../optimizer/samplers/sampler.ts';

class Enough extends Error {}

function study(name: string, trials: number) {
  const test = openProblems.get(name);
  assert.ok(test);
  const rng = createRng(3, 0, 'points');
  const observed = Array.from({ length: trials }, (_, number): ObservedTrial => {
    const params = test.problem.space.sampleParams(rng) ?? {};
    return { number, state: 'completed', params, metrics: test.measure(params) };
  });
  return { problem: test.problem, observed };
}

describe('an interrupted ask', () => {
  for (const [kind, name] of [
    ['mobo', 'BraninCurrin'],
    ['mobo', 'mixed-compress'],
    ['ars', 'BraninCurrin'],
    ['parego', 'C2DTLZ2-d4-m2'],
  ] as const satisfies readonly (readonly [SamplerKind, string])[])
    it(`of ${kind} on ${name} ends anywhere and leaves no trace`, () => {
      const { problem, observed } = study(name, 14);
      const ask = (sampler: ReturnType<typeof createSampler>) =>
        sampler.suggest(observed, createRng(1, observed.length, 'suggest'), 1);
      const plain = ask(createSampler(kind, problem, { seed: 1 }));
      let calls = 0;
      let most = Number.POSITIVE_INFINITY;
      const interrupt = (): void => {
        if (++calls > most) throw new Enough();
      };
      const sampler = createSampler(kind, problem, { seed: 1, interrupt });
      assert.deepEqual(ask(sampler), plain);
      const all = calls;
      assert.ok(all > 500, `${all} calls`);
      for (const share of [0, 0.1, 0.5, 0.99]) {
        calls = 0;
        most = Math.floor(share * all * 0.5);
        const fresh = createSampler(kind, problem, { seed: 1, interrupt });
        assert.throws(() => ask(fresh), Enough);
        most = Number.POSITIVE_INFINITY;
        assert.deepEqual(ask(fresh), plain);
      }
    });
});
