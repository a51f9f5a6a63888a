/**
 * Hypervolume reached on the open problems beside BoTorch, Optuna and Sobol' points. Evaluations are exact and asked one by one.
 *   --problem NAME        one problem, open or further (few stored peers); default: all open ones in turn
 *   --evals N             evaluations per study (60)
 *   --seeds K             studies per problem (5 with --problem, else 1 to stay below three minutes)
 *   --first-seed S        seeds S … S + K − 1 (0)
 *   --sampler KIND        (mobo)
 * The figure is the smallest ratio of our median to the best peer's median over the problems; `details` has every problem.
 */
import {
  furtherProblems,
  openProblems,
  SAMPLER_KINDS,
  type SamplerKind,
  type TestProblem,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { type PeerRow, peersOf } from './support/optimizer-peers.ts';
import { evaluationsTo, runSampler } from './support/sampler-run.ts';

/** The share of the best known hypervolume at which evaluations are counted: where BoTorch stands on mixed-compress after 70. */
const SHARE = 0.937;

interface Row {
  readonly problem: string;
  readonly evaluations: number;
  readonly seeds: number;
  readonly medianHypervolume: number;
  readonly smallest: number;
  readonly largest: number;
  readonly shareOfBestKnown: number;
  /** Per seed; null where never reached. */
  readonly evaluationsTo937: readonly (number | null)[];
  readonly medianAskCpuMs: number;
  readonly largestAskCpuMs: number;
  readonly duplicates: number;
  readonly bestKnown: number;
  readonly bestPeer: PeerRow | null;
  readonly ratio: number | null;
  readonly peers: readonly PeerRow[];
}

function measure(test: TestProblem, kind: SamplerKind, seeds: readonly number[], evaluations: number): Row {
  const runs = seeds.map((seed) => runSampler(test, kind, seed, evaluations));
  const final = runs.map(({ hypervolume }) => hypervolume[hypervolume.length - 1]);
  const asks = runs.flatMap(({ askCpuMs }) => askCpuMs);
  const peers = peersOf(test.name, evaluations);
  const bestPeer = peers[0] ?? null;
  const medianHypervolume = median(final);
  return {
    problem: test.name,
    evaluations,
    seeds: seeds.length,
    medianHypervolume,
    smallest: Math.min(...final),
    largest: Math.max(...final),
    shareOfBestKnown: medianHypervolume / test.bestHypervolume,
    evaluationsTo937: runs.map(({ hypervolume }) => {
      const count = evaluationsTo(SHARE * test.bestHypervolume, hypervolume);
      return Number.isFinite(count) ? count : null;
    }),
    medianAskCpuMs: median(asks),
    largestAskCpuMs: Math.max(...asks),
    duplicates: runs.reduce((sum, run) => sum + run.duplicates, 0),
    bestKnown: test.bestHypervolume,
    bestPeer,
    ratio: bestPeer === null ? null : medianHypervolume / bestPeer.medianHypervolume,
    peers,
  };
}

export async function run({ args, json }: BenchOptions): Promise<BenchResult> {
  const name = option(args, 'problem', '');
  const chosen = name === '' ? [...openProblems.values()] : [openProblems.get(name) ?? furtherProblems.get(name)];
  const kind = SAMPLER_KINDS.find((k) => k === option(args, 'sampler', 'mobo'));
  if (kind === undefined) throw new RangeError(`--sampler: one of ${SAMPLER_KINDS.join(', ')}`);
  const count = Number(option(args, 'seeds', name === '' ? '1' : '5'));
  const first = Number(option(args, 'first-seed', '0'));
  const evaluations = Number(option(args, 'evals', '60'));
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  const rows = chosen.map((test) => {
    if (test === undefined)
      throw new RangeError(`--problem: one of ${[...openProblems.keys(), ...furtherProblems.keys()].join(', ')}`);
    const row = measure(test, kind, seeds, evaluations);
    if (!json) process.stderr.write(`${row.problem}: ${row.medianHypervolume} (ratio ${row.ratio?.toFixed(4)})\n`);
    return row;
  });
  const worst = rows.reduce((a, b) =>
    (b.ratio ?? Number.POSITIVE_INFINITY) < (a.ratio ?? Number.POSITIVE_INFINITY) ? b : a,
  );
  return {
    name: 'optimizer',
    figure: worst.medianHypervolume,
    unit: `median hypervolume on ${worst.problem} after ${evaluations} evaluations (${kind}, ${count} seeds)`,
    peer:
      worst.bestPeer === null
        ? null
        : `${worst.bestPeer.method} (${worst.bestPeer.version}, stored runs, best of all peers)`,
    peerFigure: worst.bestPeer?.medianHypervolume ?? null,
    ratio: worst.ratio,
    details: {
      source:
        '../shared/peers/optimizer/summary.json, further problems bench/support/optimizer-peers.ts: medians of stored runs of the peers themselves',
      rows,
    },
  };
}
