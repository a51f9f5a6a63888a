/** Branin and Currin functions over the unit square: d = 2, m = 2 (the form of BoTorch's `BraninCurrin`). */
import { continuousProblem, unitBounds } from './test-problem.ts';

function branin(x0: number, x1: number): number {
  const u = 15 * x0 - 5;
  const v = 15 * x1;
  const bowl = v - (5.1 / (4 * Math.PI ** 2)) * u ** 2 + (5 / Math.PI) * u - 6;
  return bowl ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(u) + 10;
}

function currin(x0: number, x1: number): number {
  const factor = x1 === 0 ? 1 : 1 - Math.exp(-1 / (2 * x1));
  const above = 2300 * x0 ** 3 + 1900 * x0 ** 2 + 2092 * x0 + 60;
  const below = 100 * x0 ** 3 + 500 * x0 ** 2 + 4 * x0 + 20;
  return (factor * above) / below;
}

/** Best hypervolume: BoTorch's, from a long NSGA-II run. */
export const braninCurrin = continuousProblem({
  name: 'BraninCurrin',
  bounds: unitBounds(2),
  reference: [18, 6],
  bestHypervolume: 59.36011874867746,
  evaluateAt: ([x0, x1]) => ({ objectives: [branin(x0, x1), currin(x0, x1)], constraints: [] }),
});
