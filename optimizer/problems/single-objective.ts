/**
 * Classic problems with one objective, for the samplers that have only one: Branin (d = 2), Hartmann (d = 6), Ackley (d = 5, bounds that are
 * not symmetric around the optimum), Levy (d = 4). Formulas and optima: Surjanovic and Bingham, Virtual Library of Simulation Experiments.
 */
import { type ContinuousProblem, continuousProblem } from './test-problem.ts';

const HARTMANN_WEIGHTS = [1, 1.2, 3, 3.2];
const HARTMANN_SCALES = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_CENTRES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

function branin([x, y]: readonly number[]): number {
  const bowl = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6;
  return bowl ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}

function hartmann(x: readonly number[]): number {
  return -HARTMANN_WEIGHTS.reduce((sum, weight, i) => {
    const distance = x.reduce((d, v, j) => d + HARTMANN_SCALES[i][j] * (v - HARTMANN_CENTRES[i][j]) ** 2, 0);
    return sum + weight * Math.exp(-distance);
  }, 0);
}

function ackley(x: readonly number[]): number {
  const squares = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  const waves = x.reduce((sum, v) => sum + Math.cos(2 * Math.PI * v), 0) / x.length;
  return -20 * Math.exp(-0.2 * Math.sqrt(squares)) - Math.exp(waves) + 20 + Math.E;
}

function levy(x: readonly number[]): number {
  const w = x.map((v) => 1 + (v - 1) / 4);
  const last = w[w.length - 1];
  const inner = w.slice(0, -1).reduce((sum, v) => sum + (v - 1) ** 2 * (1 + 10 * Math.sin(Math.PI * v + 1) ** 2), 0);
  return Math.sin(Math.PI * w[0]) ** 2 + inner + (last - 1) ** 2 * (1 + Math.sin(2 * Math.PI * last) ** 2);
}

/** With one objective the hypervolume is how far the best value lies below `reference`. */
function single(
  name: string,
  bounds: readonly (readonly [number, number])[],
  optimum: number,
  reference: number,
  f: (x: readonly number[]) => number,
): ContinuousProblem {
  return continuousProblem({
    name,
    bounds,
    reference: [reference],
    bestHypervolume: reference - optimum,
    evaluateAt: (x) => ({ objectives: [f(x)], constraints: [] }),
  });
}

const cube = (d: number, low: number, high: number): (readonly [number, number])[] =>
  Array.from({ length: d }, () => [low, high] as const);

export const singleObjectiveProblems: ReadonlyMap<string, ContinuousProblem> = new Map(
  [
    single(
      'Branin',
      [
        [-5, 10],
        [0, 15],
      ],
      0.39788735772973816,
      310,
      branin,
    ),
    single('Hartmann6', cube(6, 0, 1), -3.32236801141551, 0, hartmann),
    single('Ackley5', cube(5, -5, 10), 0, 25, ackley),
    single('Levy4', cube(4, -10, 10), 0, 500, levy),
  ].map((problem) => [problem.name, problem]),
);
