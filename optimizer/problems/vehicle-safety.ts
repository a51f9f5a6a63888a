/** Vehicle crash safety: mass, acceleration, intrusion (Liao et al. 2008, in the form of Tanabe, Ishibuchi, ASOC 89, 2020: RE3-5-4). */
import { continuousProblem } from './test-problem.ts';

export const vehicleSafety = continuousProblem({
  name: 'VehicleSafety',
  bounds: Array.from({ length: 5 }, () => [1, 3] as const),
  reference: [1864.72022, 11.81993945, 0.2903999384],
  bestHypervolume: 246.81607081187002,
  evaluateAt([x1, x2, x3, x4, x5]) {
    const mass = 1640.2823 + 2.3573285 * x1 + 2.3220035 * x2 + 4.5688768 * x3 + 7.7213633 * x4 + 4.4559504 * x5;
    const acceleration =
      6.5856 +
      1.15 * x1 -
      1.0427 * x2 +
      0.9738 * x3 +
      0.8364 * x4 -
      0.3695 * x1 * x4 +
      0.0861 * x1 * x5 +
      0.3628 * x2 * x4 -
      0.1106 * x1 ** 2 -
      0.3437 * x3 ** 2 +
      0.1764 * x4 ** 2;
    const intrusion =
      -0.0551 +
      0.0181 * x1 +
      0.1024 * x2 +
      0.0421 * x3 -
      0.0073 * x1 * x2 +
      0.024 * x2 * x3 -
      0.0118 * x2 * x4 -
      0.0204 * x3 * x4 -
      0.008 * x3 * x5 -
      0.0241 * x2 ** 2 +
      0.0109 * x4 ** 2;
    return { objectives: [mass, acceleration, intrusion], constraints: [] };
  },
});
