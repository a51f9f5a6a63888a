import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { createSobol } from '../../../optimizer/math/sobol.ts';
import { hypervolume } from '../../../optimizer/pareto/hypervolume.ts';
import { furtherProblems } from '../../../optimizer/problems/further-problems.ts';
import { mixedCompress, mixedCompressKnown } from '../../../optimizer/problems/mixed-compress.ts';
import { openProblems } from '../../../optimizer/problems/open-problems.ts';
import { singleObjectiveProblems } from '../../../optimizer/problems/single-objective.ts';
import type { Params } from '../../../optimizer/space/parameter.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

interface Vector {
  readonly x?: readonly number[];
  readonly k?: readonly number[];
  readonly f: readonly number[];
  readonly c: readonly number[];
}

type Vectors = Record<string, { refPoint: number[]; maxHv?: number; points: (Vector & Record<string, unknown>)[] }>;

function paramsOf(vector: Vector & Record<string, unknown>): Params {
  if (vector.x !== undefined) return Object.fromEntries(vector.x.map((v, i) => [`x${i}`, v]));
  const { method, granularity, quant, epochs, lr } = vector as unknown as Record<string, string | number>;
  const sparsities = Object.fromEntries((vector.k ?? []).map((v, i) => [`s${i + 1}`, v]));
  return { ...sparsities, method, granularity, quant, epochs, lr };
}

describe('open problems', () => {
  it('give the values of the reference implementation', { skip: skipWithoutShared() }, () => {
    const vectors = JSON.parse(readFileSync(sharedPath('peers/optimizer/test-vectors.json'), 'utf8')) as Vectors;
    for (const [name, problem] of openProblems) {
      const { refPoint, maxHv, points } = vectors[name];
      assert.deepEqual(problem.reference, refPoint);
      if (maxHv !== undefined) assert.ok(Math.abs(problem.bestHypervolume / maxHv - 1) < 1e-9, name);
      for (const vector of points) {
        const { objectives, constraints } = problem.evaluate(problem.problem.space.validate(paramsOf(vector)));
        const expected = [...vector.f, ...vector.c];
        [...objectives, ...constraints].forEach((value, i) => {
          assert.ok(
            Math.abs(value - expected[i]) <= 1e-12 * Math.max(1, Math.abs(expected[i])),
            `${name}: ${value} for ${expected[i]}`,
          );
        });
      }
    }
  });

  it('name a metric for every objective and constraint', () => {
    for (const { problem, measure } of openProblems.values()) {
      const metrics = measure(problem.space.decode(problem.space.parameters.map(() => 0.3)));
      for (const { metric } of problem.objectives) assert.ok(Number.isFinite(metrics[metric].mean));
      const means = Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [metric, value.mean]));
      for (const constraint of problem.constraints) assert.ok(Number.isFinite(constraint.violation(means)));
    }
  });

  it('know ROM and latency of mixed-compress exactly', () => {
    const { space } = mixedCompress.problem;
    const params = space.decode([0.3, 0.9, 0.9, 0.2, 0.1, 0.9, 0.5, 0.5, 0.5]);
    const metrics = mixedCompress.measure(params);
    for (const [metric, known] of mixedCompressKnown) assert.equal(known(params), metrics[metric].mean);
  });

  it('include further ones whose best hypervolume is not beaten by many even points', () => {
    for (const [name, { problem, reference, bestHypervolume, evaluate }] of furtherProblems) {
      const sobol = createSobol(problem.space.dimensions.length, createRng(1));
      const points: (readonly number[])[] = [];
      for (let i = 0; i < 300; i++) {
        const { objectives, constraints } = evaluate(problem.space.decode(sobol.point(i)));
        assert.ok([...objectives, ...constraints].every(Number.isFinite), name);
        if (constraints.every((c) => c <= 0)) points.push(objectives);
      }
      assert.ok(hypervolume(points, reference) < bestHypervolume, name);
    }
  });

  it('include further ones with the values of their published optima', () => {
    // An active set of OSY's front, the ends of two fronts in closed form.
    const osy = furtherProblems.get('OSY')?.evaluate({ x0: 5, x1: 1, x2: 2, x3: 0, x4: 5, x5: 0 });
    assert.deepEqual(osy?.objectives, [-259, 55]);
    assert.ok(osy?.constraints.every((c) => c <= 0));
    const corner = { x0: 0, x1: 0, x2: 0, x3: 0, x4: 0, x5: 0 };
    assert.deepEqual(furtherProblems.get('DTLZ7-d6-m3')?.evaluate(corner).objectives, [0, 0, 6]);
    assert.deepEqual(
      furtherProblems.get('ZDT4-d4')?.evaluate({ x0: 0.25, x1: 0, x2: 0, x3: 0 }).objectives,
      [0.25, 0.5],
    );
  });
});

describe('problems with one objective', () => {
  const optima: Readonly<Record<string, readonly number[]>> = {
    Branin: [Math.PI, 2.275],
    Hartmann6: [0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054],
    Ackley5: [0, 0, 0, 0, 0],
    Levy4: [1, 1, 1, 1],
  };
  for (const [name, test] of singleObjectiveProblems)
    it(`${name} has its optimum where it is known to be`, () => {
      const [value] = test.evaluateAt(optima[name] ?? []).objectives;
      assert.ok(Math.abs(value - (test.reference[0] - test.bestHypervolume)) < 1e-6, `${value}`);
      const rng = createRng(1);
      for (let i = 0; i < 200; i++) {
        const [other] = test.evaluate(test.problem.space.sampleParams(rng) ?? {}).objectives;
        assert.ok(other > value && other < test.reference[0]);
      }
    });
});
