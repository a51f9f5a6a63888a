import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../../optimizer/math/rng.ts';
import { mixedCompress, mixedCompressKnown } from '../../../../optimizer/problems/mixed-compress.ts';
import { createSampler } from '../../../../optimizer/samplers/create-sampler.ts';
import { calibrate } from '../../../../optimizer/samplers/explain/calibration.ts';
import { studyHealth } from '../../../../optimizer/samplers/explain/health.ts';
import { parameterImportance } from '../../../../optimizer/samplers/explain/importance.ts';
import { fitMetricModels, type MetricModel } from '../../../../optimizer/samplers/explain/metric-models.ts';
import { predictContour, predictSlice } from '../../../../optimizer/samplers/explain/slice.ts';
import type { ObservedTrial, SamplerProblem } from '../../../../optimizer/samplers/sampler.ts';
import type { Params } from '../../../../optimizer/space/parameter.ts';
import { createSearchSpace } from '../../../../optimizer/space/search-space.ts';
import { SpaceError } from '../../../../optimizer/space/space-error.ts';

const space = createSearchSpace([
  { name: 'a', type: 'float', low: 0, high: 1 },
  { name: 'b', type: 'float', low: 0, high: 1 },
  { name: 'idle', type: 'categorical', choices: ['x', 'y'] },
]);
const problem: SamplerProblem = {
  space,
  objectives: [
    { metric: 'sum', direction: 'minimize', reference: 4 },
    { metric: 'product', direction: 'maximize', reference: -1 },
  ],
  constraints: [{ name: 'limit', metrics: ['sum'], violation: (m) => m['sum'] - 0.3 }],
};

const number = (params: Params, name: string): number => Number(params[name]);
const sum = (params: Params): number => number(params, 'a') + 2 * number(params, 'b');
const product = (params: Params): number => (number(params, 'a') - 0.5) * (number(params, 'b') - 0.5);

function exact(metric: string, f: (params: Params) => number): MetricModel {
  return {
    metric,
    isKnown: true,
    observationCount: 0,
    predict: (params) => ({ mean: f(params), sd: 0 }),
    heldOut: () => [],
  };
}

const exactModels = new Map([
  ['sum', exact('sum', sum)],
  ['product', exact('product', product)],
]);

function observe(
  study: SamplerProblem,
  measure: (params: Params) => Record<string, number>,
  count: number,
): ObservedTrial[] {
  const sampler = createSampler('sobol', study, { seed: 3 });
  return sampler.suggest([], createRng(3), count).suggestions.map(({ params }, i) => ({
    number: i,
    state: 'completed',
    params,
    metrics: Object.fromEntries(Object.entries(measure(params)).map(([name, mean]) => [name, { mean }])),
  }));
}

const trials = observe(problem, (params) => ({ sum: sum(params), product: product(params) }), 24);

describe('parameterImportance', () => {
  it('gives the closed-form Sobol indices of a sum and a product', () => {
    const { metrics } = parameterImportance(problem, trials, exactModels);
    const near = (metric: string, i: number, alone: number, total: number): void => {
      const found = metrics.get(metric)?.[i];
      assert.ok(
        found !== undefined && Math.abs(found.alone - alone) < 0.06 && Math.abs(found.total - total) < 0.06,
        metric,
      );
    };
    near('sum', 0, 0.2, 0.2);
    near('sum', 1, 0.8, 0.8);
    near('sum', 2, 0, 0);
    near('product', 0, 0, 1);
    near('product', 1, 0, 1);
    near('product', 2, 0, 0);
  });

  it('finds no hypervolume importance in an idle parameter, and none at all without a model', () => {
    const { hypervolume } = parameterImportance(problem, trials, exactModels);
    assert.deepEqual(
      hypervolume?.map(({ parameter }) => parameter),
      ['a', 'b', 'idle'],
    );
    assert.ok((hypervolume?.[1].total ?? 0) > 0.3);
    assert.equal(hypervolume?.[2].total, 0);
    assert.equal(parameterImportance(problem, trials, new Map()).hypervolume, null);
  });
});

describe('fitMetricModels', () => {
  const models = fitMetricModels(problem, trials);

  it('predicts smooth metrics and knows what it does not know', () => {
    const params = { a: 0.31, b: 0.77, idle: 'x' };
    for (const [metric, f] of [
      ['sum', sum],
      ['product', product],
    ] as const) {
      const prediction = models.get(metric)?.predict(params);
      assert.ok(prediction !== undefined && Math.abs(prediction.mean - f(params)) < 4 * prediction.sd + 0.02);
    }
  });

  it('holds trials out and finds itself well calibrated on smooth data', () => {
    const [ofSum, ofProduct] = calibrate(models);
    assert.equal(ofSum.count, 24);
    assert.ok(ofSum.explainedVariance > 0.9 && ofSum.coverage95 > 0.8);
    assert.ok(ofProduct.explainedVariance > 0.2 && ofProduct.coverage95 > 0.7);
  });

  it('is absent for metrics with too few values and exact for known ones', () => {
    assert.equal(fitMetricModels(problem, trials.slice(0, 3)).size, 0);
    const known = fitMetricModels({ ...problem, known: new Map([['sum', sum]]) }, []);
    assert.deepEqual(known.get('sum')?.predict({ a: 0.5, b: 0.25, idle: 'y' }), { mean: 1, sd: 0 });
  });
});

describe('slices', () => {
  it('run along one parameter, the others held', () => {
    const slice = predictSlice(space, exactModels, 'a', { a: 0.9, b: 0.25, idle: 'x' }, 3);
    assert.deepEqual(slice.values, [0, 0.5, 1]);
    assert.deepEqual(
      slice.metrics.get('sum')?.map(({ mean }) => mean),
      [0.5, 1, 1.5],
    );
    assert.deepEqual(predictSlice(space, exactModels, 'idle', { a: 0, b: 0, idle: 'x' }).values, ['x', 'y']);
  });

  it('run along two', () => {
    const contour = predictContour(space, exactModels, ['a', 'b'], { a: 0, b: 0, idle: 'x' }, 2);
    assert.deepEqual(
      contour.metrics.get('sum')?.map((row) => row.map(({ mean }) => mean)),
      [
        [0, 1],
        [2, 3],
      ],
    );
    assert.throws(() => predictSlice(space, exactModels, 'c', { a: 0, b: 0, idle: 'x' }), SpaceError);
  });
});

describe('studyHealth', () => {
  const messages = (
    study: SamplerProblem,
    observed: ObservedTrial[],
    models = fitMetricModels(study, observed),
  ): string[] => studyHealth(study, observed, models).map(({ message }) => message);

  it('says how far known functions are off, and how many trials were stopped early', () => {
    const told = observe(problem, (params) => ({ sum: 1.1 * (sum(params) + 1), product: product(params) }), 12);
    const observed = told.map((trial, i): ObservedTrial => (i < 3 ? { ...trial, state: 'pruned' } : trial));
    const near: SamplerProblem = { ...problem, known: new Map([['sum', (params) => sum(params) + 1]]) };
    const about = (study: SamplerProblem) =>
      studyHealth(study, observed, exactModels).find(({ code }) => code === 'knownFunction');
    assert.equal(about(near)?.severity, 'warning');
    assert.match(
      about(near)?.message ?? '',
      /^sum is known beforehand to within 9.1 % of what 9 trials told: further off/,
    );
    assert.equal(about({ ...near, knownErrors: new Map([['sum', 0.05]]) })?.severity, 'info');
    assert.equal(about({ ...near, known: new Map([['sum', (params) => 1.1 * (sum(params) + 1)]]) }), undefined);
    const stopped = studyHealth(problem, observed, exactModels).find(({ code }) => code === 'stoppedEarly');
    assert.match(stopped?.message ?? '', /^25 % of the trials were stopped early/);
  });

  it('states known functions as uncertain as they are said to be', () => {
    const study: SamplerProblem = {
      ...problem,
      known: new Map([['sum', sum]]),
      knownErrors: new Map([['sum', 0.02]]),
    };
    const [suggestion] = createSampler('sobol', study, { seed: 1 }).suggest([], createRng(1), 1).suggestions;
    const mean = sum(suggestion.params);
    assert.deepEqual(suggestion.why.predicted?.['sum'], { mean, sd: 0.02 * mean });
    assert.deepEqual(fitMetricModels(study, []).get('sum')?.predict(suggestion.params), { mean, sd: 0.02 * mean });
  });

  it('says how much of the space meets a constraint', () => {
    // {a + 2b ≤ 0.3} has area 0.3²/4.
    const found = studyHealth(problem, trials, exactModels).find(({ code }) => code === 'constraintMet');
    assert.deepEqual([found?.message, found?.severity], ['constraint limit is met by 2 % of the space', 'warning']);
    const known: SamplerProblem = { ...mixedCompress.problem, known: mixedCompressKnown };
    assert.match(messages(known, []).join(), /constraint romBytes is met by 3[89] % of the space/);
  });

  it('notices objectives that rank alike, constants, references out of reach and failures', () => {
    const study: SamplerProblem = {
      space,
      objectives: ['sum', 'twice', 'constant'].map((metric) => ({ metric, direction: 'minimize', reference: -1 })),
      constraints: [],
    };
    const observed = observe(study, (params) => ({ sum: sum(params), twice: 2 * sum(params), constant: 1 }), 12);
    const failed = observed.map((t, i): ObservedTrial => ({ ...t, number: 12 + i, state: 'failed', metrics: {} }));
    const text = messages(study, [...observed, ...failed]).join('\n');
    assert.match(text, /50 % of the trials failed/);
    assert.match(text, /objectives sum and twice rank the trials alike/);
    assert.match(text, /objective constant has the same value/);
    assert.match(text, /hypervolume is 0/);
  });

  it('notices a model that cannot predict', () => {
    const rng = createRng(8);
    const noise = observe(problem, () => ({ sum: rng.nextNormal(), product: rng.nextNormal() }), 30);
    assert.match(
      messages(problem, noise).join('\n'),
      /model of sum explains \d+ % of its variance: its predictions are little better/,
    );
  });
});
