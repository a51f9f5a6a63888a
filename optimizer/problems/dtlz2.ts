/**
 * DTLZ2 (Deb, Thiele, Laumanns, Zitzler, CEC 2002) and C2-DTLZ2 (Jain, Deb, IEEE TEVC 18(4), 2014), d variables in [0, 1]. The front of
 * DTLZ2 is the part of the unit sphere with no negative coordinate; C2 keeps spots of radius r of it.
 */
import { type ContinuousProblem, continuousProblem, unitBounds } from './test-problem.ts';

function sphere(x: readonly number[], m: number): number[] {
  const g = x.slice(m - 1).reduce((sum, v) => sum + (v - 0.5) ** 2, 0);
  return Array.from({ length: m }, (_, i) => {
    const t = m - 1 - i;
    let f = 1 + g;
    for (let j = 0; j < t; j++) f *= Math.cos((x[j] * Math.PI) / 2);
    return i === 0 ? f : f * Math.sin((x[t] * Math.PI) / 2);
  });
}

/** Volume of the ball of radius 1 in m dimensions, the part with positive coordinates. */
function ballPart(m: number): number {
  let volume = m % 2 === 0 ? 1 : 2;
  for (let k = m % 2 === 0 ? 2 : 3; k <= m; k += 2) volume *= (2 * Math.PI) / k;
  return volume / 2 ** m;
}

export function dtlz2(d: number, m: number): ContinuousProblem {
  return continuousProblem({
    name: `DTLZ2-d${d}-m${m}`,
    bounds: unitBounds(d),
    reference: new Array<number>(m).fill(1.1),
    bestHypervolume: 1.1 ** m - ballPart(m),
    evaluateAt: (x) => ({ objectives: sphere(x, m), constraints: [] }),
  });
}

const SPOT_RADIUS = 0.2;

function spotViolation(f: readonly number[]): number {
  const r2 = SPOT_RADIUS ** 2;
  const corners = f.map((fi, i) => f.reduce((sum, fj, j) => (j === i ? sum : sum + fj ** 2 - r2), (fi - 1) ** 2));
  const centre = f.reduce((sum, fi) => sum + (fi - 1 / Math.sqrt(f.length)) ** 2 - r2, 0);
  return Math.min(...corners, centre);
}

/** C2-DTLZ2 with d = 4, m = 2, r = 0.2, as in BoTorch's tutorial; about a quarter of the cube is feasible. */
export const c2dtlz2 = continuousProblem({
  name: 'C2DTLZ2-d4-m2',
  bounds: unitBounds(4),
  reference: [1.1, 1.1],
  bestHypervolume: 0.3996406303723544,
  constraintCount: 1,
  evaluateAt(x) {
    const objectives = sphere(x, 2);
    return { objectives, constraints: [spotViolation(objectives)] };
  },
});
