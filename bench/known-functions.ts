/**
 * What exact metrics buy: on mixed-compress ROM and latency are functions of the params. One study per seed declares them as known, so
 * that only the error is modelled and cells beyond the ROM limit are never asked. The figure is the median number of evaluations
 * to the hypervolume that BoTorch's qLogNEHVI for mixed spaces has after 70 (93.7 % of the best known; stored run, seed 0).
 *   --seeds K (6: the number depends much on the seed)   --first-seed S (0)   --evals N (70)   --black-box (also runs the same studies without known functions)
 *   --others N: evaluations of other spaces of this kind (support/known-spaces.ts), which are said to reach 95 % of the best; 0 = none
 */
import { mixedCompressKnown, openProblems, type TestProblem } from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { knownSpaces } from './support/known-spaces.ts';
import { evaluationsTo, runSampler } from './support/sampler-run.ts';

const PEER_EVALUATIONS = 70;
const SHARE = 0.937;
const OTHER_SHARE = 0.95;

interface Outcome {
  readonly seed: number;
  /** Null where never reached. */
  readonly evaluations: number | null;
  readonly shareAtEnd: number;
  readonly infeasible: number;
  readonly medianAskCpuMs: number;
}

function runAll(test: TestProblem, seeds: readonly number[], evaluations: number, share = SHARE): Outcome[] {
  return seeds.map((seed) => {
    const { hypervolume, feasible, askCpuMs } = runSampler(test, 'mobo', seed, evaluations);
    const reached = evaluationsTo(share * test.bestHypervolume, hypervolume);
    return {
      seed,
      evaluations: Number.isFinite(reached) ? reached : null,
      shareAtEnd: hypervolume[hypervolume.length - 1] / test.bestHypervolume,
      infeasible: hypervolume.length - feasible,
      medianAskCpuMs: median(askCpuMs),
    };
  });
}

const medianEvaluations = (outcomes: readonly Outcome[]): number =>
  median(outcomes.map(({ evaluations }) => evaluations ?? Number.POSITIVE_INFINITY));

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const blackBox = openProblems.get('mixed-compress');
  if (blackBox === undefined) throw new RangeError('the problem mixed-compress is missing');
  const first = Number(option(args, 'first-seed', '0'));
  const seeds = Array.from({ length: Number(option(args, 'seeds', '6')) }, (_, i) => first + i);
  const evaluations = Number(option(args, 'evals', `${PEER_EVALUATIONS}`));
  const withKnown = { ...blackBox, problem: { ...blackBox.problem, known: mixedCompressKnown } };
  const known = runAll(withKnown, seeds, evaluations);
  const plain = args.includes('--black-box') ? runAll(blackBox, seeds, evaluations) : null;
  const others = Number(option(args, 'others', '0'));
  const spaces = others === 0 ? [] : knownSpaces();
  const elsewhere = spaces.map((test) => {
    const outcomes = runAll(test, seeds, others, OTHER_SHARE);
    return { space: test.name, to95Percent: outcomes.map((outcome) => outcome.evaluations) };
  });
  const figure = medianEvaluations(known);
  return {
    name: 'known-functions',
    figure: Number.isFinite(figure) ? figure : -1,
    unit: 'evaluations to 93.7 % of the best hypervolume of mixed-compress (-1 = not reached)',
    peer: 'BoTorch 0.18.1 qLogNEHVI, mixed optimizer, black box (one stored run, ../shared/peers/optimizer/README.md)',
    peerFigure: PEER_EVALUATIONS,
    ratio: Number.isFinite(figure) ? PEER_EVALUATIONS / figure : 0,
    details: { known, blackBox: plain, ...(elsewhere.length > 0 && { elsewhere }) },
  };
}
