/** ZDT1, ZDT2, ZDT3 (Zitzler, Deb, Thiele, Evolutionary Computation 8(2), 2000): two objectives, d variables in [0, 1]. */
import { type ContinuousProblem, continuousProblem, unitBounds } from './test-problem.ts';

type Shape = (ratio: number, x0: number) => number;

const SHAPES: Readonly<Record<1 | 2 | 3, { shape: Shape; bestHypervolume: number }>> = {
  1: { shape: (ratio) => 1 - Math.sqrt(ratio), bestHypervolume: 120 + 2 / 3 },
  2: { shape: (ratio) => 1 - ratio ** 2, bestHypervolume: 120 + 1 / 3 },
  3: {
    shape: (ratio, x0) => 1 - Math.sqrt(ratio) - ratio * Math.sin(10 * Math.PI * x0),
    bestHypervolume: 128.7781161306908,
  },
};

export function zdt(variant: 1 | 2 | 3, d: number): ContinuousProblem {
  const { shape, bestHypervolume } = SHAPES[variant];
  return continuousProblem({
    name: `ZDT${variant}-d${d}`,
    bounds: unitBounds(d),
    reference: [11, 11],
    bestHypervolume,
    evaluateAt(x) {
      const [x0, ...rest] = x;
      const g = 1 + (9 * rest.reduce((sum, v) => sum + v, 0)) / rest.length;
      return { objectives: [x0, g * shape(x0 / g, x0)], constraints: [] };
    },
  });
}
