/**
 * Hypervolume per second of evaluation with the effort chosen by gain per second, against the same sampler that counts trials alone: on
 * mixed-compress with known sizes, where a trial costs a second and two more for each epoch (1 to 21 s).
 *   --seconds S (400)   --seeds K (5)   --sampler KIND (mobo)
 * The figure is the median share of the best known hypervolume after the whole budget; `details` has the quarters before.
 */
import {
  createFidelitySampler,
  createRng,
  createSampler,
  mixedCompressKnown,
  type ObservedTrial,
  openProblems,
  type Params,
  SAMPLER_KINDS,
  type SamplerKind,
  studyProgress,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const seconds = (params: Params): number => 1 + 2 * Number(params['epochs']);

/** Share of the best known hypervolume after each quarter of the budget. */
function quarters(kind: SamplerKind, seed: number, budget: number, isCostAware: boolean): number[] {
  const test = openProblems.get('mixed-compress');
  if (test === undefined) throw new Error('mixed-compress is gone');
  const problem = { ...test.problem, known: mixedCompressKnown };
  const inner = createSampler(kind, problem, { seed });
  const sampler = isCostAware ? createFidelitySampler(problem, inner, { parameter: 'epochs', seconds }) : inner;
  const observed: ObservedTrial[] = [];
  const shares: number[] = [];
  for (let spent = 0; shares.length < 4; ) {
    const rng = createRng(seed, observed.length, 'suggest');
    const [suggestion] = sampler.suggest(observed, rng, 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    spent += seconds(params);
    while (shares.length < 4 && spent > (budget * (shares.length + 1)) / 4)
      shares.push((studyProgress(problem, observed).hypervolumes.at(-1) ?? 0) / test.bestHypervolume);
    observed.push({ number: observed.length, state: 'completed', params, metrics: test.measure(params) });
  }
  return shares;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const budget = Number(option(args, 'seconds', '400'));
  const seeds = Number(option(args, 'seeds', '5'));
  const kind = SAMPLER_KINDS.find((k) => k === option(args, 'sampler', 'mobo'));
  if (kind === undefined) throw new RangeError(`--sampler: one of ${SAMPLER_KINDS.join(', ')}`);
  const medians = (isCostAware: boolean): number[] => {
    const runs = Array.from({ length: seeds }, (_, seed) => quarters(kind, seed, budget, isCostAware));
    return [0, 1, 2, 3].map((q) => median(runs.map((shares) => shares[q] ?? 0)));
  };
  const aware = medians(true);
  const blind = medians(false);
  return {
    name: 'fidelity',
    figure: aware[3],
    unit: `share of the best hypervolume after ${budget} s of evaluation on mixed-compress (${kind}, ${seeds} seeds)`,
    peer: 'the same sampler, blind to cost',
    peerFigure: blind[3],
    ratio: aware[3] / blind[3],
    details: { afterEachQuarter: { costAware: aware, blind } },
  };
}
