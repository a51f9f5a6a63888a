/**
 * The samplers beside each other and beside the peers: share of the best known hypervolume on problems with several objectives, distance to
 * the optimum (`regret`) on problems with one. Evaluations are exact and asked one by one.
 *   --evals N (60)   --seeds K (3)   --samplers A,B   --problems A,B
 *   --python FILE    a Python with torch, botorch and optuna runs the peers of the problems with one objective in the same run,
 *   --peers A,B      these of them (gp,tpe,botorch)
 * Peers with several objectives are stored runs of themselves (../shared/peers/optimizer). The figure is the median ratio of `ars` to `mobo`
 * over the problems that both ran.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  openProblems,
  SAMPLER_KINDS,
  type SamplerKind,
  singleObjectiveProblems,
  type TestProblem,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { peersOf } from './support/optimizer-peers.ts';
import { runSampler } from './support/sampler-run.ts';

const SEVERAL = 'ZDT1-d6,ZDT2-d6,BraninCurrin,DTLZ2-d6-m3';
const peerScript = fileURLToPath(new URL('./support/single-objective-peers.py', import.meta.url));

export interface SamplerRow {
  readonly problem: string;
  readonly method: string;
  readonly seeds: number;
  /** Of the best known hypervolume, with several objectives. */
  readonly medianShare: number | null;
  readonly smallestShare: number | null;
  /** Above the optimum, with one objective. */
  readonly medianRegret: number | null;
  readonly largestRegret: number | null;
  readonly medianAskCpuMs: number | null;
}

function ownRow(test: TestProblem, kind: SamplerKind, seeds: number, evaluations: number): SamplerRow {
  const runs = Array.from({ length: seeds }, (_, seed) => runSampler(test, kind, seed, evaluations));
  const reached = runs.map(({ hypervolume }) => hypervolume[hypervolume.length - 1]);
  const isSingle = test.reference.length === 1;
  const shares = reached.map((value) => value / test.bestHypervolume);
  const regrets = reached.map((value) => test.bestHypervolume - value);
  return {
    problem: test.name,
    method: kind,
    seeds,
    medianShare: isSingle ? null : median(shares),
    smallestShare: isSingle ? null : Math.min(...shares),
    medianRegret: isSingle ? median(regrets) : null,
    largestRegret: isSingle ? Math.max(...regrets) : null,
    medianAskCpuMs: median(runs.flatMap(({ askCpuMs }) => askCpuMs)),
  };
}

function storedPeers(test: TestProblem, evaluations: number): SamplerRow[] {
  return peersOf(test.name, evaluations).map(({ method, version, runs, medianHypervolume, askCpuMsNear50 }) => ({
    problem: test.name,
    method: `${method} (${version})`,
    seeds: runs,
    medianShare: medianHypervolume / test.bestHypervolume,
    smallestShare: null,
    medianRegret: null,
    largestRegret: null,
    medianAskCpuMs: askCpuMsNear50,
  }));
}

interface PeerRun {
  readonly problem: string;
  readonly method: string;
  readonly best: number;
}

interface PeerSetting {
  /** Of a Python that has them; empty = none. */
  readonly python: string;
  readonly peers: string;
  readonly seeds: number;
  readonly evaluations: number;
}

function measuredPeers(
  tests: readonly TestProblem[],
  { python, peers, seeds, evaluations }: PeerSetting,
): SamplerRow[] {
  if (python === '' || tests.length === 0) return [];
  const args = [peerScript, String(evaluations), String(seeds), peers, ...tests.map(({ name }) => name)];
  const { status, stdout, stderr } = spawnSync(python, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  if (status !== 0) throw new Error(`the peers ended with ${status}: ${stderr.slice(-1000)}`);
  const runs = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PeerRun);
  return tests.flatMap((test) => {
    const optimum = test.reference[0] - test.bestHypervolume;
    const ofTest = runs.filter(({ problem }) => problem === test.name);
    return [...new Set(ofTest.map(({ method }) => method))].map((method) => {
      const regrets = ofTest.filter((run) => run.method === method).map(({ best }) => best - optimum);
      return {
        problem: test.name,
        method,
        seeds: regrets.length,
        medianShare: null,
        smallestShare: null,
        medianRegret: median(regrets),
        largestRegret: Math.max(...regrets),
        medianAskCpuMs: null,
      };
    });
  });
}

/** Median over the problems of the share that `kind` has of what `mobo` has. */
function againstMobo(rows: readonly SamplerRow[], kind: SamplerKind): number | null {
  const shareOf = (problem: string, method: string): number | null =>
    rows.find((row) => row.problem === problem && row.method === method)?.medianShare ?? null;
  const ratios = [...new Set(rows.map(({ problem }) => problem))].flatMap((problem) => {
    const [own, mobo] = [shareOf(problem, kind), shareOf(problem, 'mobo')];
    return own === null || mobo === null ? [] : [own / mobo];
  });
  return ratios.length === 0 ? null : median(ratios);
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const evaluations = Number(option(args, 'evals', '60'));
  const seeds = Number(option(args, 'seeds', '3'));
  const problems = option(args, 'problems', `${SEVERAL},${[...singleObjectiveProblems.keys()].join(',')}`).split(',');
  const wanted = option(args, 'samplers', 'mobo,ars,parego,nsga2,ei,sobol').split(',');
  const kinds = SAMPLER_KINDS.filter((kind) => wanted.includes(kind));
  const tests = problems.map((name) => {
    const test = openProblems.get(name) ?? singleObjectiveProblems.get(name);
    if (test === undefined)
      throw new RangeError(
        `--problems: of ${[...openProblems.keys(), ...singleObjectiveProblems.keys()].join(', ')}, not ${name}`,
      );
    return test;
  });
  const rows: SamplerRow[] = [];
  for (const test of tests) {
    for (const kind of kinds) {
      const isSingle = test.reference.length === 1;
      // With one objective mobo is ei, and there is nothing to scalarise.
      if (isSingle ? kind === 'mobo' || kind === 'parego' || kind === 'ars' : kind === 'ei') continue;
      rows.push(ownRow(test, kind, seeds, evaluations));
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
    rows.push(...storedPeers(test, evaluations));
  }
  const single = tests.filter(({ reference }) => reference.length === 1);
  rows.push(
    ...measuredPeers(single, {
      python: option(args, 'python', ''),
      peers: option(args, 'peers', 'gp,tpe,botorch'),
      seeds,
      evaluations,
    }),
  );
  const figure = againstMobo(rows, 'ars');
  return {
    name: 'samplers',
    figure: figure ?? Number.NaN,
    unit: `of the hypervolume of mobo, reached by ars after ${evaluations} evaluations (median over problems, ${seeds} seeds)`,
    peer: 'mobo, the sampler with the same models and the usual search',
    peerFigure: 1,
    ratio: figure,
    details: {
      source: '../shared/peers/optimizer/summary.json, and runs of the peers themselves where --python is given',
      againstMobo: { parego: againstMobo(rows, 'parego'), nsga2: againstMobo(rows, 'nsga2') },
      rows: rows.sort((a, b) => problems.indexOf(a.problem) - problems.indexOf(b.problem)),
    },
  };
}
