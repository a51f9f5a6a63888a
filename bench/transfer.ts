/**
 * What an earlier study is worth: mixed-compress with known sizes and 100 random trials of a related data set (errors a third higher, another best learning
 * rate) or of a misleading one (errors turned around), against starting from nothing.
 *   --evals N (10)   --seeds K (2)   --discount D (0.7)
 * The figure is the median share of the best known hypervolume; no peer transfers in its defaults, so the peer is the study alone.
 */
import {
  createRng,
  createSampler,
  createTransferSampler,
  mixedCompressKnown,
  type ObservedTrial,
  openProblems,
  type Sampler,
  studyProgress,
  type TestProblem,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

type Relation = 'related' | 'misleading';

function earlierTrials({ problem, measure }: TestProblem, seed: number, relation: Relation): ObservedTrial[] {
  const rng = createRng(1000 + seed, 0, 'earlier study');
  return Array.from({ length: 100 }, (_, number) => {
    const params = problem.space.sampleParams(rng) ?? {};
    const metrics = measure(params);
    const error = metrics['error'].mean;
    const shift = 0.1 * Math.abs(Math.log10(Number(params['lr'])) + 2.5);
    const mean = relation === 'related' ? Math.min(0.95, 1.3 * error + shift / 3) : 0.95 - error;
    return { number, state: 'completed', params, metrics: { ...metrics, error: { mean } } };
  });
}

function shareAfter(test: TestProblem, sampler: Sampler, seed: number, evaluations: number): number {
  const observed: ObservedTrial[] = [];
  for (let number = 0; number < evaluations; number++) {
    const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    observed.push({ number, state: 'completed', params, metrics: test.measure(params) });
  }
  return (studyProgress(test.problem, observed).hypervolumes.at(-1) ?? 0) / test.bestHypervolume;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const evaluations = Number(option(args, 'evals', '10'));
  const seeds = Array.from({ length: Number(option(args, 'seeds', '2')) }, (_, seed) => seed);
  const discount = Number(option(args, 'discount', '0.7'));
  const test = openProblems.get('mixed-compress');
  if (test === undefined) throw new Error('mixed-compress is gone');
  const problem = { ...test.problem, known: mixedCompressKnown };
  const alone = seeds.map((seed) => shareAfter(test, createSampler('mobo', problem, { seed }), seed, evaluations));
  // The helped study asks three points of its own before its first model; alone it may do the same.
  const aloneFromThree = seeds.map((seed) =>
    shareAfter(test, createSampler('mobo', problem, { seed, initialPoints: 3 }), seed, evaluations),
  );
  const helped = (relation: Relation): number[] =>
    seeds.map((seed) => {
      const source = { trials: earlierTrials(test, seed, relation), discount };
      return shareAfter(test, createTransferSampler('mobo', problem, { seed }, source), seed, evaluations);
    });
  const related = helped('related');
  const misleading = helped('misleading');
  const peerFigure = Math.max(median(alone), median(aloneFromThree));
  return {
    name: 'transfer',
    figure: median(related),
    unit: `share of the best hypervolume after ${evaluations} evaluations of mixed-compress (mobo, ${seeds.length} seeds)`,
    peer: 'the same study alone, with the better of two numbers of first points',
    peerFigure,
    ratio: median(related) / peerFigure,
    details: { related, alone, aloneFromThree, misleading, medianMisleading: median(misleading) },
  };
}
