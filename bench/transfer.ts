/**
 * What an earlier study is worth: mixed-compress with 100 random trials of a related data set (errors a third higher, another best learning
 * rate) or of a misleading one (errors turned around), against starting from nothing.
 *   --evals N (16)   --seeds K (3)   --discount D (0.7)
 * The figure is the median share of the best known hypervolume; no peer transfers in its defaults, so the peer is the study alone.
 */
import {
  createRng,
  createSampler,
  createTransferSampler,
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
  const evaluations = Number(option(args, 'evals', '16'));
  const seeds = Array.from({ length: Number(option(args, 'seeds', '3')) }, (_, seed) => seed);
  const discount = Number(option(args, 'discount', '0.7'));
  const test = openProblems.get('mixed-compress');
  if (test === undefined) throw new Error('mixed-compress is gone');
  const { problem } = test;
  const alone = seeds.map((seed) => shareAfter(test, createSampler('mobo', problem, { seed }), seed, evaluations));
  const helped = (relation: Relation): number[] =>
    seeds.map((seed) => {
      const source = { trials: earlierTrials(test, seed, relation), discount };
      return shareAfter(test, createTransferSampler('mobo', problem, { seed }, source), seed, evaluations);
    });
  const related = helped('related');
  const misleading = helped('misleading');
  return {
    name: 'transfer',
    figure: median(related),
    unit: `share of the best hypervolume after ${evaluations} evaluations of mixed-compress (mobo, ${seeds.length} seeds)`,
    peer: 'the same study alone',
    peerFigure: median(alone),
    ratio: median(related) / median(alone),
    details: { related, alone, misleading, medianMisleading: median(misleading) },
  };
}
