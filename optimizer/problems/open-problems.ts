/** The problems on which samplers are compared, by name. */
import { braninCurrin } from './branin-currin.ts';
import { c2dtlz2, dtlz2 } from './dtlz2.ts';
import { mixedCompress } from './mixed-compress.ts';
import type { TestProblem } from './test-problem.ts';
import { vehicleSafety } from './vehicle-safety.ts';
import { zdt } from './zdt.ts';

export const openProblems: ReadonlyMap<string, TestProblem> = new Map(
  [braninCurrin, zdt(1, 6), zdt(2, 6), zdt(3, 6), dtlz2(6, 2), dtlz2(6, 3), c2dtlz2, vehicleSafety, mixedCompress].map(
    (problem) => [problem.name, problem],
  ),
);
