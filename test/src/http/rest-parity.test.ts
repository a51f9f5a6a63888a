import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  createRng,
  createSampler,
  type ObservedTrial,
  openProblems,
  type Params,
  type SamplerKind,
  singleObjectiveProblems,
  type TestProblem,
} from '@tinypareto/optimizer';
import { type Call, runOverRest } from '../../../bench/support/rest-run.ts';
import { makeApp, type TestApp } from '../../support/make-app.ts';

const metricsOf = ({ problem }: TestProblem): string[] =>
  [...new Set([...problem.objectives.map((o) => o.metric), ...problem.constraints.flatMap((c) => c.metrics)])].sort();

const somePoints = ({ problem }: TestProblem, count: number): Params[] => {
  const rng = createRng(3, 0, 'points');
  return Array.from({ length: count }, () => problem.space.sampleParams(rng) ?? {});
};

describe('a study over REST is the study of the library, bit for bit', () => {
  let app: TestApp;
  let call: Call;
  before(async () => {
    app = await makeApp();
    call = async (method, path, body) => {
      const { status, text, json } = await app.call(method, path, body);
      assert.ok(status < 300, text);
      return json;
    };
  });
  after(() => app.close());

  const studies: readonly [string, SamplerKind, number][] = [
    ['mixed-compress', 'mobo', 12],
    ['C2DTLZ2-d4-m2', 'mobo', 10],
    ['VehicleSafety', 'parego', 9],
    ['mixed-compress', 'ars', 12],
    ['mixed-compress', 'auto', 13],
    ['mixed-compress', 'nsga2', 60],
    ['mixed-compress', 'grid', 150],
    ['mixed-compress', 'random', 150],
    ['C2DTLZ2-d4-m2', 'sobol', 150],
    ['Levy4', 'ei', 12],
    ['C2DTLZ2-d4-m2', 'list', 4],
  ];
  for (const [name, kind, evaluations] of studies)
    it(`${kind} on ${name}`, async () => {
      const test = openProblems.get(name) ?? singleObjectiveProblems.get(name);
      if (test === undefined) throw new Error(`there is no problem ${name}`);
      const seed = 4;
      const list = kind === 'list' ? somePoints(test, evaluations) : undefined;
      const { observed, hypervolume } = await runOverRest(call, test, kind, seed, evaluations, list);
      const sampler = createSampler(kind, test.problem, {
        seed,
        budgetTrials: evaluations,
        ...(list !== undefined && { list }),
      });
      const expected: ObservedTrial[] = [];
      for (let number = 0; number < evaluations; number++) {
        const [suggestion] = sampler.suggest(expected, createRng(seed, number, 'suggest'), 1).suggestions;
        assert.ok(suggestion !== undefined);
        const { params } = suggestion;
        expected.push({ number, state: 'completed', params, metrics: test.measure(params) });
      }
      assert.deepEqual(observed, expected);
      assert.ok(hypervolume >= 0);
      const last = (await call('GET', `/v1/studies/${name}-${kind}-${seed}/trials?after=${evaluations - 2}`)) as {
        trials: { why: { acquisition?: number; predicted?: object } }[];
      };
      const { acquisition, predicted = {} } = last.trials[0]?.why ?? {};
      // Each ask from a model says what it expects of every metric that objectives and constraints read.
      if (acquisition !== undefined) assert.deepEqual(Object.keys(predicted).sort(), metricsOf(test));
    });
});
