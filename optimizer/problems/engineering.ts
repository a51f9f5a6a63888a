/**
 * Small engineering designs with smooth physics, often several constraints: OSY (Osyczka & Kundu 1995), the welded beam and the disc brake
 * (Ray & Liew 2002), the side impact of a car (Jain & Deb 2014, with the sum of its violations as fourth objective). Bounds, constants
 * and reference points as in BoTorch's test functions.
 */
import { continuousProblem } from './test-problem.ts';

/** Two objectives, six constraints, d = 6. */
export const osy = continuousProblem({
  name: 'OSY',
  bounds: [
    [0, 10],
    [0, 10],
    [1, 5],
    [0, 6],
    [1, 5],
    [0, 10],
  ],
  reference: [-75, 75],
  bestHypervolume: 10_097.66,
  constraintCount: 6,
  evaluateAt([a, b, c, d, e, f]) {
    return {
      objectives: [
        -(25 * (a - 2) ** 2 + (b - 2) ** 2 + (c - 1) ** 2 + (d - 4) ** 2 + (e - 1) ** 2),
        a * a + b * b + c * c + d * d + e * e + f * f,
      ],
      constraints: [2 - a - b, a + b - 6, b - a - 2, a - 3 * b - 2, (c - 3) ** 2 + d - 4, 4 - (e - 3) ** 2 - f],
    };
  },
});

/** Cost and deflection of a welded beam under stress and buckling limits, d = 4. */
export const weldedBeam = continuousProblem({
  name: 'WeldedBeam',
  bounds: [
    [0.125, 5],
    [0.1, 10],
    [0.1, 10],
    [0.125, 5],
  ],
  reference: [40, 0.015],
  bestHypervolume: 0.5126,
  constraintCount: 4,
  evaluateAt([weld, length, height, width]) {
    const load = 6000;
    const span = 14;
    const radius = Math.sqrt(0.25 * (length ** 2 + (weld + height) ** 2));
    const moment = load * (span + length / 2);
    const inertia = Math.SQRT2 * weld * length * (length ** 2 / 12 + 0.25 * (weld + height) ** 2);
    const shear = load / (Math.SQRT2 * weld * length);
    const torsion = (moment * radius) / inertia;
    const stress = Math.sqrt(shear ** 2 + (shear * torsion * length) / radius + torsion ** 2);
    const bending = (6 * load * span) / (width * height ** 2);
    const buckling = 64_746.022 * (1 - 0.0282346 * height) * height * width ** 3;
    return {
      objectives: [
        1.10471 * weld ** 2 * length + 0.04811 * height * width * (14 + length),
        2.1952 / (width * height ** 3),
      ],
      constraints: [
        (stress - 13_600) / 13_600,
        (bending - 30_000) / 30_000,
        (weld - width) / (5 - 0.125),
        (load - buckling) / load,
      ],
    };
  },
});

/** Mass and stopping time of a disc brake, d = 4. */
export const discBrake = continuousProblem({
  name: 'DiscBrake',
  bounds: [
    [55, 80],
    [75, 110],
    [1000, 3000],
    [11, 20],
  ],
  reference: [5.7771, 3.9651],
  bestHypervolume: 11.2168,
  constraintCount: 4,
  evaluateAt([inner, outer, force, surfaces]) {
    const squares = outer ** 2 - inner ** 2;
    const cubes = outer ** 3 - inner ** 3;
    return {
      objectives: [4.9e-5 * squares * (surfaces - 1), (9.82e6 * squares) / (force * surfaces * cubes)],
      constraints: [
        20 - (outer - inner),
        force / (3.14 * squares) - 0.4,
        (2.22e-3 * force * cubes) / squares ** 2 - 1,
        900 - (2.66e-2 * force * surfaces * cubes) / squares,
      ],
    };
  },
});

/** Weight, pubic force, intrusion speed and total violation of a car's side, d = 7. */
export const carSideImpact = continuousProblem({
  name: 'CarSideImpact',
  bounds: [
    [0.5, 1.5],
    [0.45, 1.35],
    [0.5, 1.5],
    [0.5, 1.5],
    [0.875, 2.625],
    [0.4, 1.2],
    [0.4, 1.2],
  ],
  reference: [45.4872, 4.5114, 13.3394, 10.3942],
  bestHypervolume: 484.72654347642793,
  evaluateAt([a, b, c, d, e, f, g]) {
    const weight = 1.98 + 4.9 * a + 6.67 * b + 6.98 * c + 4.01 * d + 1.78 * e + 1e-5 * f + 2.73 * g;
    const force = 4.72 - 0.5 * d - 0.19 * b * c;
    const pillar = 10.58 - 0.674 * a * b - 0.67275 * b;
    const door = 16.45 - 0.489 * c * g - 0.843 * e * f;
    const slacks = [
      1 - 1.16 + 0.3717 * b * d + 0.0092928 * c,
      0.32 - 0.261 + 0.0159 * a * b + 0.06486 * a + 0.019 * b * g - 0.0144 * c * e - 0.0154464 * f,
      0.32 -
        0.214 -
        0.00817 * e +
        0.0587118 * a -
        0.03099 * b * f +
        0.018 * b * g -
        0.030408 * c +
        0.00364 * e * f +
        0.018 * b * b,
      0.32 - 0.74 + 0.61 * b + 0.031296 * c + 0.031872 * g - 0.227 * b * b,
      32 - 28.98 - 3.818 * c + 4.2 * a * b - 1.27296 * f + 2.68065 * g,
      32 - 33.86 - 2.95 * c + 5.057 * a * b + 3.795 * b + 3.4431 * g - 1.45728,
      32 - 46.36 + 9.9 * b + 4.4505 * a,
      4 - force,
      9.9 - pillar,
      15.7 - door,
    ];
    const violation = slacks.reduce((total, slack) => total + Math.max(0, -slack), 0);
    return { objectives: [weight, force, 0.5 * (pillar + door), violation], constraints: [] };
  },
});
