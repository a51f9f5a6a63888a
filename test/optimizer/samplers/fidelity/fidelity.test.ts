import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../../optimizer/math/rng.ts';
import { decomposeNonDominated, hypervolumeImprovement } from '../../../../optimizer/pareto/box-decomposition.ts';
import { judgeRunningTrial } from '../../../../optimizer/samplers/fidelity/early-stopping.ts';
import { chooseFidelity, linkFidelities } from '../../../../optimizer/samplers/fidelity/fidelity-link.ts';
import { expectedGain, rankByGainPerCost } from '../../../../optimizer/samplers/fidelity/gain-per-cost.ts';
import { type CurvePoint, forecastCurve } from '../../../../optimizer/samplers/fidelity/learning-curve.ts';
import type { TrialCurves } from '../../../../optimizer/samplers/fidelity/trial-curves.ts';
import type { ObservedTrial, SamplerProblem } from '../../../../optimizer/samplers/sampler.ts';
import { createSearchSpace } from '../../../../optimizer/space/search-space.ts';

const curveOf = (f: (step: number) => number, steps: number): CurvePoint[] =>
  Array.from({ length: steps }, (_, i) => ({ step: i + 1, value: f(i + 1) }));
const nothing = { curves: [], finals: [] };

describe('forecastCurve', () => {
  const families: [string, (t: number) => number][] = [
    ['an exponential', (t) => 0.1 + 0.8 * Math.exp(-0.25 * t)],
    ['a power', (t) => 0.05 + 0.6 * t ** -0.8],
    ['a rising exponential', (t) => 0.9 - 0.5 * Math.exp(-0.2 * t)],
  ];
  for (const [name, f] of families) {
    it(`foretells ${name} better with every part of it seen`, () => {
      let before = Number.POSITIVE_INFINITY;
      for (const steps of [3, 8, 15]) {
        const { mean, sd } = forecastCurve(curveOf(f, steps), 20, nothing);
        assert.ok(Math.abs(mean - f(20)) < 3 * sd + 0.01, `${steps} steps: ${mean} ± ${sd} for ${f(20)}`);
        assert.ok(sd < before);
        before = sd;
      }
      assert.ok(before < 0.05);
    });
  }

  it('learns from finished curves what the shape will be', () => {
    const shape = (level: number) => (t: number) => level + 0.5 * Math.exp(-0.5 * t);
    const history = { curves: [0.1, 0.15, 0.2].map((level) => curveOf(shape(level), 12)), finals: [0.1, 0.15, 0.2] };
    const early = curveOf(shape(0.17), 3);
    assert.ok(forecastCurve(early, 12, history).sd < forecastCurve(early, 12, nothing).sd);
    assert.ok(Math.abs(forecastCurve(early, 12, history).mean - 0.17) < 0.05);
  });

  it('is certain of a constant', () => {
    assert.deepEqual(
      forecastCurve(
        curveOf(() => 1, 4),
        9,
        nothing,
      ).mean,
      1,
    );
  });
});

const problem: SamplerProblem = {
  space: createSearchSpace([{ name: 'x', type: 'float', low: 0, high: 1 }]),
  objectives: [
    { metric: 'accuracy', direction: 'maximize', reference: 0 },
    { metric: 'romBytes', direction: 'minimize', reference: 1000 },
  ],
  constraints: [{ name: 'accurate', metrics: ['accuracy'], violation: (m) => 0.3 - m['accuracy'] }],
  known: new Map([['romBytes', (params) => 1000 * Number(params['x'])]]),
};
const finished = (number: number, x: number, accuracy: number): ObservedTrial => ({
  number,
  state: 'completed',
  params: { x },
  metrics: { accuracy: { mean: accuracy } },
});
const trials = [0.2, 0.3, 0.4, 0.5, 0.6].map((x, i) => finished(i, x, 0.5 + 0.08 * i));
const learning = (final: number): CurvePoint[] => curveOf((t) => final - 0.4 * Math.exp(-0.4 * t), 8);
const history = new Map<number, TrialCurves>(
  trials.map((t) => [t.number, { accuracy: learning(t.metrics['accuracy'].mean) }]),
);

describe('judgeRunningTrial', () => {
  const judge = (x: number, final: number, steps: number) =>
    judgeRunningTrial(problem, trials, history, {
      number: 9,
      params: { x },
      horizon: 20,
      curves: { accuracy: learning(final).slice(0, steps) },
    });

  it('stops a trial that the front will dominate, and lets a promising one run', () => {
    const hopeless = judge(0.59, 0.35, 6);
    assert.equal(hopeless.stop, true);
    assert.match(hopeless.reason, /chance to improve the front/);
    assert.ok(Math.abs(hopeless.predicted['accuracy'].mean - 0.35) < 0.05);
    const promising = judge(0.59, 0.95, 6);
    assert.equal(promising.stop, false);
    assert.ok(promising.probability > 0.9);
  });

  it('keeps a modest trial where its known ROM opens a new corner of the front', () => {
    assert.equal(judge(0.1, 0.4, 6).stop, false);
    assert.equal(judge(0.1, 0.1, 8).stop, true);
  });

  it('waits for steps and for completed trials', () => {
    assert.equal(judge(0.59, 0.35, 1).stop, false);
    const early = judgeRunningTrial(problem, trials.slice(0, 3), history, {
      number: 9,
      params: { x: 0.59 },
      horizon: 20,
      curves: { accuracy: learning(0.3) },
    });
    assert.equal(early.stop, false);
  });

  it('learns from ended trials what a curve leaves out, and takes sizes that the trial knows for good', () => {
    // Half of the data: every curve ends 0.2 above what is told.
    const raised = new Map(
      trials.map((t) => [
        t.number,
        { accuracy: curveOf((k) => t.metrics['accuracy'].mean + 0.2 - 0.4 * Math.exp(-0.4 * k), 20) },
      ]),
    );
    const running = {
      number: 9,
      params: { x: 0.59 },
      horizon: 20,
      curves: { accuracy: curveOf((k) => 0.85 - 0.4 * Math.exp(-0.4 * k), 8) },
    };
    const ended = new Set(raised.keys());
    const naive = judgeRunningTrial(problem, trials, raised, running);
    const informed = judgeRunningTrial(problem, trials, raised, running, { ended });
    assert.equal(naive.stop, false);
    assert.ok(Math.abs(informed.predicted['accuracy'].mean - 0.65) < 0.03, `${informed.predicted['accuracy'].mean}`);
    assert.equal(informed.stop, true);
    const small = judgeRunningTrial(problem, trials, raised, { ...running, finals: { romBytes: 100 } }, { ended });
    assert.equal(small.stop, false);
  });

  it('gives the same verdict every time', () => {
    assert.deepEqual(judge(0.5, 0.6, 5), judge(0.5, 0.6, 5));
  });
});

describe('expectedGain', () => {
  it('is the mean improvement over draws', () => {
    const rng = createRng(2);
    for (const m of [2, 3, 4]) {
      const front = Array.from({ length: 6 }, () => Array.from({ length: m }, () => rng.nextFloat()));
      const boxes = decomposeNonDominated(front, new Array<number>(m).fill(1));
      const means = Array.from({ length: m }, () => 0.2 + 0.4 * rng.nextFloat());
      const sds = means.map(() => 0.15);
      const draws = 40_000;
      let sum = 0;
      for (let i = 0; i < draws; i++) {
        sum += hypervolumeImprovement(
          boxes,
          means.map((mean, j) => mean + sds[j] * rng.nextNormal()),
        );
      }
      assert.ok(Math.abs(sum / draws - expectedGain(boxes, means, sds)) < 0.003);
    }
  });

  it('without spread is the improvement itself', () => {
    const boxes = decomposeNonDominated([[0.5, 0.5]], [1, 1]);
    assert.equal(expectedGain(boxes, [0.25, 0.75], [0, 0]), 0.0625);
  });
});

describe('rankByGainPerCost', () => {
  it('prefers the option that buys more per second', () => {
    const option = (id: string, accuracy: number, costSeconds: number) => ({
      id,
      costSeconds,
      predicted: { accuracy: { mean: accuracy, sd: 0.02 }, romBytes: { mean: 590, sd: 0 } },
    });
    const ranked = rankByGainPerCost(problem, trials, [
      option('new', 0.95, 100),
      option('finish', 0.93, 10),
      option('poor', 0.3, 1),
    ]);
    assert.deepEqual(
      ranked.map(({ id }) => id),
      ['finish', 'new', 'poor'],
    );
    assert.throws(() => rankByGainPerCost(problem, trials, [option('free', 1, 0)]), RangeError);
  });
});

describe('fidelities', () => {
  it('are linked by a line, sure where pairs are many and far-off values are not asked for', () => {
    const rng = createRng(4);
    const pairs = Array.from({ length: 30 }, () => {
      const cheap = rng.nextFloat();
      return { cheap, full: 0.1 + 0.8 * cheap + 0.01 * rng.nextNormal() };
    });
    const link = linkFidelities(pairs);
    const { mean, sd } = link.predict(0.5);
    assert.ok(Math.abs(mean - 0.5) < 0.02 && sd < 0.03);
    assert.ok(link.correlation > 0.98);
    assert.ok(link.predict(5).sd > sd);
    assert.equal(linkFidelities([]).predict(3).mean, 3);
  });

  it('are chosen by information per second', () => {
    const full = { fidelity: 1, costSeconds: 100, correlation: 1 };
    const tenth = { fidelity: 0.1, costSeconds: 10, correlation: 0.9 };
    assert.equal(chooseFidelity([full, tenth]), tenth);
    assert.equal(chooseFidelity([full, { ...tenth, correlation: 0.1 }]), full);
  });
});
