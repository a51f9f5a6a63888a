/**
 * What it costs to make points before the newest results are there. With `workers` workers in turn, whose points are made `ahead` asks
 * before, an ask sees the last workers - 1 + ahead trials as pending.
 */
import { createRng, createSampler, hypervolumeHistory, type TestProblem } from '@tinypareto/optimizer';
import type { ObservedTrial } from '../../optimizer/samplers/sampler.ts';

/** Hypervolume after every evaluation of a `mobo` study that does not know its last `unseen` trials. */
export function runLagged(test: TestProblem, seed: number, evaluations: number, unseen: number): Float64Array {
  const { problem, reference } = test;
  const sampler = createSampler('mobo', problem, { seed, budgetTrials: evaluations });
  const finished: ObservedTrial[] = [];
  const points: (readonly number[] | null)[] = [];
  for (let number = 0; number < evaluations; number++) {
    const seen = finished.map((trial): ObservedTrial => {
      return trial.number < number - unseen ? trial : { ...trial, state: 'pending', metrics: {} };
    });
    const [suggestion] = sampler.suggest(seen, createRng(seed, number, 'suggest'), 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    const { objectives, constraints } = test.evaluate(params);
    points.push(constraints.every((violation) => violation <= 0) ? objectives : null);
    finished.push({ number, state: 'completed', params, metrics: test.measure(params) });
  }
  return hypervolumeHistory(points, reference);
}
