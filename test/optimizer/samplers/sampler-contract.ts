/** What every sampler must do, whatever its kind: one suite, run over all of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import type {
  MetricValue,
  ObservedTrial,
  Sampler,
  SamplerProblem,
  SuggestResult,
} from '../../../optimizer/samplers/sampler.ts';
import type { Parameter, Params } from '../../../optimizer/space/parameter.ts';
import { createSearchSpace, type SearchSpace } from '../../../optimizer/space/search-space.ts';

export type MakeSampler = (problem: SamplerProblem, seed: number) => Sampler;

const conditional: readonly Parameter[] = [
  { name: 'prune', type: 'categorical', choices: ['none', 'structure', 'element'] },
  { name: 'sparsity', type: 'float', low: 0, high: 0.9, when: { param: 'prune', in: ['structure', 'element'] } },
  { name: 'heuristic', type: 'categorical', choices: ['l1', 'l2'], when: { param: 'prune', in: ['structure'] } },
  { name: 'bits', type: 'int', low: 4, high: 8, step: 4 },
  { name: 'rate', type: 'float', low: 1e-4, high: 1e-1, log: true },
];

/** 10 × 10 × 2 cells. */
const twoHundredCells: readonly Parameter[] = [
  { name: 'a', type: 'int', low: 0, high: 9 },
  { name: 'b', type: 'float', low: 0, high: 0.9, step: 0.1 },
  { name: 'c', type: 'categorical', choices: [false, true] },
];

function numbers(space: SearchSpace, params: Params): number[] {
  return Array.from(space.encode(params));
}

/** Two smooth objectives and one outcome constraint over any space. */
export function contractProblem(space: SearchSpace, objectives = 2): SamplerProblem {
  const all: SamplerProblem['objectives'] = [
    { metric: 'error', direction: 'minimize', reference: 2 },
    { metric: 'score', direction: 'maximize', reference: -2 },
  ];
  return {
    space,
    objectives: all.slice(0, objectives),
    constraints: [{ name: 'size', metrics: ['size'], violation: (metrics) => metrics['size'] - 1.6 }],
  };
}

export function contractMetrics(space: SearchSpace, params: Params): Record<string, MetricValue> {
  const u = numbers(space, params);
  const distance = (to: number): number => u.reduce((sum, v, i) => sum + (i + 1) * (v - to) ** 2, 0) / u.length;
  const size = (u.reduce((sum, v) => sum + v, 0) / u.length) * 2;
  return { error: { mean: distance(0.2) }, score: { mean: -distance(0.7) }, size: { mean: size } };
}

function trial(number: number, state: ObservedTrial['state'], params: Params, metrics = {}): ObservedTrial {
  return { number, state, params, metrics };
}

/** Asks one by one, tells each outcome; every fifth trial stays pending, every seventh fails. */
export function runStudy(make: MakeSampler, problem: SamplerProblem, seed: number, asks: number): ObservedTrial[] {
  const observed: ObservedTrial[] = [];
  const sampler = make(problem, seed);
  for (let number = 0; number < asks; number++) {
    const result = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1);
    const [suggestion] = result.suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    if (number % 5 === 4) observed.push(trial(number, 'pending', params));
    else if (number % 7 === 6) observed.push(trial(number, 'failed', params));
    else observed.push(trial(number, 'completed', params, contractMetrics(problem.space, params)));
  }
  return observed;
}

const points = (result: SuggestResult): Params[] => result.suggestions.map((s) => s.params);

/**
 * Registers the suite for `kind`. `asks` bounds the work of slow kinds; `objectives` is 1 for single-objective ones; `isSeeded` is false
 * for kinds whose order is fixed.
 */
export function samplerContract(
  kind: string,
  make: MakeSampler,
  {
    asks = 30,
    cellAsks = 200,
    objectives = 2,
    isSeeded = true,
  }: { asks?: number; cellAsks?: number; objectives?: number; isSeeded?: boolean } = {},
): void {
  const spaces: readonly [string, SearchSpace][] = [
    ['conditional and continuous parameters', createSearchSpace(conditional)],
    ['parameter constraints', createSearchSpace(conditional, [(p) => p['prune'] !== 'none' || p['bits'] === 8])],
    ['a finite space', createSearchSpace(twoHundredCells)],
  ];
  describe(`sampler ${kind}`, () => {
    for (const [name, space] of spaces) {
      it(`stays inside the space and never repeats itself: ${name}`, () => {
        const observed = runStudy(make, contractProblem(space, objectives), 3, asks);
        assert.equal(observed.length, asks);
        for (const { params } of observed) assert.deepEqual(space.validate(params), params);
        assert.equal(new Set(observed.map(({ params }) => space.cellKey(params))).size, asks);
      });
    }

    it('asks each of 200 cells once, then says that the space is exhausted', () => {
      const space = createSearchSpace(twoHundredCells);
      const problem = contractProblem(space, objectives);
      // The first cells are taken in a fixed order, so that slow kinds need not be asked for all of them.
      const observed = [...space.cells()]
        .filter((_, i) => (i * 37) % 200 < 200 - cellAsks)
        .map((params, i) =>
          // Few with results, so that a model stays cheap to fit.
          i % 6 === 0 ? trial(i, 'completed', params, contractMetrics(space, params)) : trial(i, 'abandoned', params),
        );
      const sampler = make(problem, 1);
      while (observed.length < 200) {
        const result = sampler.suggest(observed, createRng(1, observed.length), 1);
        assert.equal(result.kind, 'suggestions');
        const [params] = points(result);
        observed.push(trial(observed.length, 'completed', params, contractMetrics(space, params)));
      }
      assert.equal(new Set(observed.map(({ params }) => space.cellKey(params))).size, 200);
      const end = sampler.suggest(observed, createRng(1, 200), 1);
      assert.equal(end.kind, 'exhausted');
      assert.deepEqual(end.suggestions, []);
    });

    it('gives what is left when more is asked for', () => {
      const space = createSearchSpace(twoHundredCells);
      const observed = [...space.cells()]
        .slice(3)
        .map((params, i) => trial(i, i % 2 === 0 ? 'infeasible' : 'abandoned', params));
      const result = make(contractProblem(space, objectives), 1).suggest(observed, createRng(1, 197), 5);
      assert.equal(result.kind, 'exhausted');
      assert.equal(new Set(points(result).map((params) => space.cellKey(params))).size, 3);
    });

    it('gives distinct points in one batch', () => {
      const space = createSearchSpace(conditional);
      const problem = contractProblem(space, objectives);
      const observed = runStudy(make, problem, 5, Math.min(asks, 16));
      const batch = points(make(problem, 5).suggest(observed, createRng(5, observed.length), 4));
      assert.equal(new Set(batch.map((params) => space.cellKey(params))).size, 4);
      for (const params of batch) space.validate(params);
    });

    it('gives the same bits for the same seed, also after a restart in the middle', () => {
      const problem = contractProblem(createSearchSpace(conditional), objectives);
      const first = runStudy(make, problem, 11, asks);
      const half = asks >> 1;
      const rerun = make(problem, 11).suggest(first.slice(0, half), createRng(11, half, 'suggest'), 1);
      assert.deepEqual(points(rerun)[0], first[half].params);
      assert.deepEqual(runStudy(make, problem, 11, half), first.slice(0, half));
      if (isSeeded) assert.notDeepEqual(runStudy(make, problem, 12, 4), first.slice(0, 4));
    });

    it('copes with ties, infeasible trials, a known constraint and metrics that are missing', () => {
      const space = createSearchSpace(twoHundredCells);
      const problem: SamplerProblem = {
        ...contractProblem(space, objectives),
        known: new Map([['size', (params) => Number(params['a']) / 4]]),
      };
      const observed = Array.from({ length: 14 }, (_, i) => {
        const params = space.cellAt(i * 13);
        if (i % 3 === 0) return trial(i, 'infeasible', params);
        return trial(i, 'completed', params, { error: { mean: 1 }, score: { mean: -1 }, size: { mean: 1 } });
      });
      const [params] = points(make(problem, 2).suggest(observed, createRng(2, 14), 1));
      space.validate(params);
      assert.ok(Number(params['a']) / 4 <= 1.6);
    });
  });
}
