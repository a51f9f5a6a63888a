/**
 * More problems on which samplers are tried: kinds of landscape that the open problems do not have (many constraints, many dimensions, many
 * local fronts, biased density, disconnected fronts, four objectives). Best known hypervolumes: exact where the front is known in
 * closed form, BoTorch's constant for CarSideImpact, else reached by a long evolutionary
 * search of 200,000 evaluations.
 */
import { braninCurrin } from './branin-currin.ts';
import { dtlz2 } from './dtlz2.ts';
import { carSideImpact, discBrake, osy, weldedBeam } from './engineering.ts';
import { type ContinuousProblem, continuousProblem, type TestProblem, unitBounds } from './test-problem.ts';
import { zdt } from './zdt.ts';

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** ZDT4: 21^(d-1) local fronts. */
function zdt4(d: number): ContinuousProblem {
  return continuousProblem({
    name: `ZDT4-d${d}`,
    bounds: [[0, 1], ...Array.from({ length: d - 1 }, () => [-5, 5] as const)],
    reference: [1.1, 300],
    bestHypervolume: 329.7666666666667,
    evaluateAt([x0, ...rest]) {
      const g = 1 + 10 * rest.length + sum(rest.map((v) => v * v - 10 * Math.cos(4 * Math.PI * v)));
      return { objectives: [x0, g * (1 - Math.sqrt(x0 / g))], constraints: [] };
    },
  });
}

/** ZDT6: points crowd away from the front, and unevenly along it. */
function zdt6(d: number): ContinuousProblem {
  return continuousProblem({
    name: `ZDT6-d${d}`,
    bounds: unitBounds(d),
    reference: [11, 11],
    bestHypervolume: 117.51849519116446,
    evaluateAt([x0, ...rest]) {
      const f0 = 1 - Math.exp(-4 * x0) * Math.sin(6 * Math.PI * x0) ** 6;
      const g = 1 + 9 * (sum(rest) / rest.length) ** 0.25;
      return { objectives: [f0, g * (1 - (f0 / g) ** 2)], constraints: [] };
    },
  });
}

/** DTLZ1 with two objectives: a linear front behind 11^k - 1 local ones. */
function dtlz1(d: number): ContinuousProblem {
  return continuousProblem({
    name: `DTLZ1-d${d}-m2`,
    bounds: unitBounds(d),
    reference: [400, 400],
    bestHypervolume: 400 ** 2 - 1 / 8,
    evaluateAt([x0, ...rest]) {
      const ripples = rest.map((v) => 1 + (v - 0.5) ** 2 - Math.cos(20 * Math.PI * (v - 0.5)));
      const size = 0.5 * (1 + 100 * sum(ripples));
      return { objectives: [size * x0, size * (1 - x0)], constraints: [] };
    },
  });
}

/** DTLZ4 with two objectives and exponent 100: nearly all points lie at one end of the front. */
function dtlz4(d: number): ContinuousProblem {
  const base = dtlz2(d, 2);
  return continuousProblem({
    name: `DTLZ4-d${d}-m2`,
    bounds: unitBounds(d),
    reference: base.reference,
    bestHypervolume: base.bestHypervolume,
    evaluateAt: ([x0, ...rest]) => base.evaluateAt([x0 ** 100, ...rest]),
  });
}

/** DTLZ7 with three objectives: four disconnected pieces of front. */
function dtlz7(d: number): ContinuousProblem {
  return continuousProblem({
    name: `DTLZ7-d${d}-m3`,
    bounds: unitBounds(d),
    reference: [1.1, 1.1, 15],
    bestHypervolume: 12.843,
    evaluateAt([x0, x1, ...rest]) {
      const g = 1 + (9 * sum(rest)) / rest.length;
      const h = 3 - sum([x0, x1].map((f) => (f / (1 + g)) * (1 + Math.sin(3 * Math.PI * f))));
      return { objectives: [x0, x1, (1 + g) * h], constraints: [] };
    },
  });
}

/** MW7 (Ma & Wang 2019): two constraints leave bands of the objective space; variables are coupled in a chain. */
function mw7(d: number): ContinuousProblem {
  const wave = (a: number, power: number, theta: number): number => a * Math.sin(4 * theta) ** power;
  return continuousProblem({
    name: `MW7-d${d}`,
    bounds: unitBounds(d),
    reference: [1.2, 1.2],
    bestHypervolume: 0.50339,
    constraintCount: 2,
    evaluateAt(x) {
      const g = 1 + sum(x.slice(1).map((v, i) => 2 * (v + (x[i] - 0.5) ** 2 - 1) ** 2));
      const f0 = g * x[0];
      const f1 = g * Math.sqrt(Math.max(0, 1 - x[0] * x[0]));
      const theta = Math.atan2(f1, f0);
      const squared = f0 * f0 + f1 * f1;
      return {
        objectives: [f0, f1],
        constraints: [
          squared - (1.2 + Math.abs(wave(0.4, 16, theta))) ** 2,
          (1.15 - wave(0.2, 8, theta)) ** 2 - squared,
        ],
      };
    },
  });
}

/** BraninCurrin inside a disk of the Branin plane. */
const constrainedBraninCurrin = continuousProblem({
  name: 'ConstrainedBraninCurrin',
  bounds: unitBounds(2),
  reference: [80, 12],
  bestHypervolume: 608.934,
  constraintCount: 1,
  evaluateAt(x) {
    const { objectives } = braninCurrin.evaluateAt(x);
    const [u, v] = [15 * x[0] - 5, 15 * x[1]];
    return { objectives, constraints: [(u - 2.5) ** 2 + (v - 7.5) ** 2 - 50] };
  },
});

export const furtherProblems: ReadonlyMap<string, TestProblem> = new Map(
  [
    zdt(1, 20),
    zdt4(4),
    zdt6(6),
    dtlz1(4),
    dtlz4(6),
    dtlz7(6),
    dtlz2(7, 4),
    mw7(5),
    constrainedBraninCurrin,
    osy,
    weldedBeam,
    discBrake,
    carSideImpact,
  ].map((problem) => [problem.name, problem]),
);
