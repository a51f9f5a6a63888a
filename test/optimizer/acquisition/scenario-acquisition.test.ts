import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OutputModel, ScenarioGain } from '../../../optimizer/acquisition/acquisition.ts';
import { type Candidate, toCandidate } from '../../../optimizer/acquisition/candidate.ts';
import { LogChebyshev } from '../../../optimizer/acquisition/log-chebyshev.ts';
import { LogEhvi } from '../../../optimizer/acquisition/log-ehvi.ts';
import { ScenarioAcquisition } from '../../../optimizer/acquisition/scenario-acquisition.ts';
import { GpModel } from '../../../optimizer/gp/gp-model.ts';
import type { KernelColumn } from '../../../optimizer/gp/kernel.ts';
import { conditionOn } from '../../../optimizer/gp/surrogate.ts';
import { normalCdf } from '../../../optimizer/math/normal.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { decomposeNonDominated } from '../../../optimizer/pareto/box-decomposition.ts';
import { hypervolume } from '../../../optimizer/pareto/hypervolume.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace([
  { name: 'a', type: 'float', low: 0, high: 1 },
  { name: 'b', type: 'float', low: 1e-3, high: 1, log: true },
  { name: 'kind', type: 'categorical', choices: ['x', 'y'] },
  { name: 'c', type: 'float', low: -1, high: 1, when: { param: 'kind', in: ['x'] } },
]);
const LINEAR = { kind: 'linear', location: 0, scale: 1, shift: 0 } as const;
const REFERENCE = [1.5, 1.5];
const FRONT = [
  [-0.6, 0.4],
  [0.2, -0.3],
];

/** A model of random values at random points of the space. */
function gp(seed: number): GpModel {
  const rng = createRng(seed);
  const n = 14;
  const columns: KernelColumn[] = [
    { kind: 'numeric', isConditional: false },
    { kind: 'numeric', isConditional: false },
    { kind: 'categorical', isConditional: false },
    { kind: 'numeric', isConditional: true },
  ];
  const D = columns.length;
  const X = new Float64Array(n * D);
  for (let i = 0; i < n; i++)
    X.set(candidateAt(rng.nextFloat(), rng.nextFloat(), rng.nextFloat(), rng.nextFloat()).row, i * D);
  const y = Float64Array.from({ length: n }, () => rng.nextNormal());
  const theta = Float64Array.of(...columns.map(() => Math.log(0.6)), 0, Math.log(0.01), -0.5);
  const built = GpModel.create(
    { columns, n, X, y, knownNoise: new Float64Array(n).fill(Number.NaN) },
    { kind: 'matern52', theta },
  );
  assert.ok(built !== undefined);
  return built;
}

function candidateAt(...unit: number[]): Candidate {
  return toCandidate(space, space.decode(unit));
}

function modelled(seed: number): OutputModel {
  return { kind: 'modelled', model: gp(seed) };
}

const ehvi = (front: number[][]): ScenarioGain =>
  new LogEhvi(decomposeNonDominated(front, REFERENCE), [LINEAR, LINEAR]);

/** Compares with central differences in the unit coordinates, where the conditional parameter is active. */
function checkGradient(acquisition: ScenarioAcquisition): void {
  const unit = [0.35, 0.6, 0.2, 0.7];
  const gradient = new Float64Array(4);
  const value = acquisition.evaluate(candidateAt(...unit), gradient);
  assert.ok(Math.abs(value - acquisition.evaluate(candidateAt(...unit))) < 1e-12);
  for (const d of [0, 1, 3]) {
    const at = (step: number): number =>
      acquisition.evaluate(candidateAt(...unit.map((u, i) => (i === d ? u + step : u))));
    const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
    assert.ok(
      Math.abs(gradient[d] - difference) < 1e-4 * (1 + Math.abs(difference)),
      `${d}: ${gradient[d]} for ${difference}`,
    );
  }
}

/** Objectives conditioned on sampled values at two points, three scenarios. */
function pendingScenarios(): { objectives: OutputModel[]; gains: ScenarioGain[] } {
  const points = [candidateAt(0.2, 0.2, 0.1, 0.4), candidateAt(0.8, 0.5, 0.9, 0.5)];
  const rng = createRng(31);
  const values = [0, 1].map(() => Array.from({ length: 3 }, () => Float64Array.of(rng.nextNormal(), rng.nextNormal())));
  const objectives = [1, 2].map((seed, j): OutputModel => {
    const model = conditionOn(
      gp(seed),
      points.map(({ row }) => row),
      values[j],
    );
    assert.ok(model !== undefined);
    return { kind: 'modelled', model };
  });
  const gains = [0, 1, 2].map((s) => ehvi([...FRONT, ...[0, 1].map((p) => [values[0][s][p], values[1][s][p]])]));
  return { objectives, gains };
}

describe('ScenarioAcquisition', () => {
  it('has the gradient that differences give: hypervolume with modelled constraints', () => {
    const constraints = [modelled(3), { ...gpOutput(4), strictness: 5 }];
    checkGradient(new ScenarioAcquisition(space, [modelled(1), modelled(2)], constraints, [ehvi(FRONT)], 1));
  });

  it('has it over scenarios of pending points', () => {
    const { objectives, gains } = pendingScenarios();
    checkGradient(new ScenarioAcquisition(space, objectives, [modelled(3)], gains, 3));
  });

  it('has it with a known objective and a prior mean', () => {
    const known: OutputModel = { kind: 'known', value: ({ a, b }) => Number(a) ** 2 - Math.log(Number(b)) / 10 };
    const residual: OutputModel = {
      kind: 'modelled',
      model: gp(5),
      offset: ({ a }) => Math.sin(3 * Number(a)),
    };
    checkGradient(new ScenarioAcquisition(space, [known, residual], [modelled(6)], [ehvi(FRONT)], 1));
  });

  it('has it with one objective and with a scalarisation', () => {
    const one = new LogEhvi(decomposeNonDominated([[0.1]], [1]), [LINEAR]);
    checkGradient(new ScenarioAcquisition(space, [modelled(1)], [], [one], 1));
    const rng = createRng(8);
    const z = Float64Array.from({ length: 2 * 64 }, () => rng.nextNormal());
    const weights = {
      weights: Float64Array.of(0.4, 0.6),
      ideal: Float64Array.of(-1, -1),
      range: Float64Array.of(2, 2),
    };
    const scalar = new LogChebyshev(weights, [LINEAR, LINEAR], 0.3, z);
    checkGradient(new ScenarioAcquisition(space, [modelled(1), modelled(2)], [modelled(3)], [scalar], 1));
  });

  it('is the probability of feasibility, with its gradient, while nothing is feasible', () => {
    const constraints = [gpOutput(3), gpOutput(4)];
    const acquisition = new ScenarioAcquisition(space, [modelled(1), modelled(2)], constraints, [], 1);
    checkGradient(acquisition);
    const candidate = candidateAt(0.4, 0.1, 0.8, 0);
    let expected = 1;
    for (const { model } of constraints) {
      model.predict(candidate.row);
      expected *= normalCdf(-model.means[0] / Math.sqrt(model.variance));
    }
    assert.ok(Math.abs(Math.exp(acquisition.evaluate(candidate)) - expected) < 1e-9);
  });

  it('is the mean improvement over draws of all outputs', () => {
    const objectives = [gpOutput(1), gpOutput(2)];
    const constraint = gpOutput(3);
    const acquisition = new ScenarioAcquisition(space, objectives, [constraint], [ehvi(FRONT)], 1);
    const candidate = candidateAt(0.6, 0.3, 0.1, 0.9);
    const predictions = [...objectives, constraint].map(({ model }) => {
      model.predict(candidate.row);
      return { mean: model.means[0], sd: Math.sqrt(model.variance) };
    });
    const rng = createRng(77);
    const before = hypervolume(FRONT, REFERENCE);
    const draws = 20_000;
    let sum = 0;
    for (let s = 0; s < draws; s++) {
      const [f, g, c] = predictions.map(({ mean, sd }) => mean + sd * rng.nextNormal());
      if (c <= 0) sum += hypervolume([...FRONT, [f, g]], REFERENCE) - before;
    }
    const value = Math.exp(acquisition.evaluate(candidate));
    assert.ok(Math.abs(value / (sum / draws) - 1) < 0.05, `${value} for ${sum / draws}`);
  });

  it('is the mean over scenarios', () => {
    const { objectives, gains } = pendingScenarios();
    const candidate = candidateAt(0.5, 0.9, 0.7, 0);
    const whole = Math.exp(new ScenarioAcquisition(space, objectives, [], gains, 3).evaluate(candidate));
    let sum = 0;
    for (let s = 0; s < 3; s++) {
      const mu = new Float64Array(2);
      const sigma = new Float64Array(2);
      objectives.forEach((output, j) => {
        if (output.kind === 'known') return;
        output.model.predict(candidate.row);
        mu[j] = output.model.means[s];
        sigma[j] = Math.sqrt(output.model.variance);
      });
      sum += Math.exp(gains[s].evaluate(mu, sigma)) / 3;
    }
    assert.ok(Math.abs(whole / sum - 1) < 1e-9);
  });

  function gpOutput(seed: number) {
    return { kind: 'modelled', model: gp(seed) } as const;
  }
});
