/** One study on a test problem from nothing: hypervolume after every evaluation and CPU time of every ask. */
import {
  createRng,
  createSampler,
  hypervolumeHistory,
  type SamplerKind,
  type TestProblem,
} from '@tinypareto/optimizer';
import type { ObservedTrial } from '../../optimizer/samplers/sampler.ts';

export interface SamplerRun {
  readonly hypervolume: Float64Array;
  readonly askCpuMs: readonly number[];
  /** Evaluations that met every constraint. */
  readonly feasible: number;
  readonly duplicates: number;
}

/** Trials are asked one at a time and told exactly, as by a client of the daemon with the same study seed. */
export function runSampler(test: TestProblem, kind: SamplerKind, seed: number, evaluations: number): SamplerRun {
  const { problem, reference } = test;
  const sampler = createSampler(kind, problem, { seed, budgetTrials: evaluations });
  const observed: ObservedTrial[] = [];
  const points: (readonly number[] | null)[] = [];
  const askCpuMs: number[] = [];
  for (let number = 0; number < evaluations; number++) {
    const before = process.cpuUsage();
    const { suggestions } = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1);
    const used = process.cpuUsage(before);
    if (suggestions.length === 0) break;
    askCpuMs.push((used.user + used.system) / 1000);
    const { params } = suggestions[0];
    const { objectives, constraints } = test.evaluate(params);
    points.push(constraints.every((c) => c <= 0) ? objectives : null);
    observed.push({ number, state: 'completed', params, metrics: test.measure(params) });
  }
  const cells = new Set(observed.map(({ params }) => problem.space.cellKey(params)));
  return {
    hypervolume: hypervolumeHistory(points, reference),
    askCpuMs,
    feasible: points.filter((point) => point !== null).length,
    duplicates: observed.length - cells.size,
  };
}

/** First evaluation after which `hypervolume` reaches `target`; Infinity when never. */
export function evaluationsTo(target: number, hypervolume: Float64Array): number {
  const at = hypervolume.findIndex((value) => value >= target);
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
}
