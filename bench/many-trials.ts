/**
 * What models on representative trials cost where there are too many for exact ones: two studies on a problem begin with the same Sobol'
 * points, one with models of all trials, one with models of a share of them; hypervolume after the same number of asks. Searches
 * spend the same effort in both, that of the exact models.
 *   --start N (320)   Sobol' points told first    --asks N (25)   --modelled N (80)   trials of the approximate models
 *   --problems a,b (ZDT1-d6,DTLZ2-d6-m3)   --seeds K (1)
 */
import { createRng, createSampler, hypervolumeHistory, openProblems, type TestProblem } from '@tinypareto/optimizer';
import type { ObservedTrial } from '../optimizer/samplers/sampler.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

interface Arm {
  readonly shareAtStart: number;
  readonly shareAtEnd: number;
  readonly medianAskCpuMs: number;
}

interface Course {
  readonly start: number;
  readonly asks: number;
  readonly seed: number;
}

function runArm(test: TestProblem, { start, asks, seed }: Course, modelledTrials: number): Arm {
  const { problem } = test;
  const observed: ObservedTrial[] = [];
  const tell = (params: ObservedTrial['params']): void => {
    observed.push({ number: observed.length, state: 'completed', params, metrics: test.measure(params) });
  };
  const even = createSampler('sobol', problem, { seed }).suggest([], createRng(seed, 0, 'start'), start);
  for (const { params } of even.suggestions) tell(params);
  const sampler = createSampler('mobo', problem, { seed, modelledTrials });
  const times: number[] = [];
  for (let i = 0; i < asks; i++) {
    const before = process.cpuUsage();
    const { suggestions } = sampler.suggest(observed, createRng(seed, start + i, 'suggest'), 1);
    const used = process.cpuUsage(before);
    times.push((used.user + used.system) / 1000);
    tell(suggestions[0].params);
  }
  const points = observed.map(({ params }) => {
    const { objectives, constraints } = test.evaluate(params);
    return constraints.every((c) => c <= 0) ? objectives : null;
  });
  const history = hypervolumeHistory(points, test.reference);
  return {
    shareAtStart: history[start - 1] / test.bestHypervolume,
    shareAtEnd: history[history.length - 1] / test.bestHypervolume,
    medianAskCpuMs: median(times),
  };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const [start, asks, modelled, seeds] = [
    ['start', '320'],
    ['asks', '25'],
    ['modelled', '80'],
    ['seeds', '1'],
  ].map(([name, value]) => Number(option(args, name, value)));
  const rows = option(args, 'problems', 'ZDT1-d6,DTLZ2-d6-m3')
    .split(',')
    .flatMap((name) => {
      const test = openProblems.get(name);
      if (test === undefined) throw new RangeError(`--problems: of ${[...openProblems.keys()].join(', ')}`);
      return Array.from({ length: seeds }, (_, seed) => {
        const course = { start, asks, seed };
        const exact = runArm(test, course, start + asks);
        const representative = runArm(test, course, modelled);
        return { problem: name, seed, exact, representative, ratio: representative.shareAtEnd / exact.shareAtEnd };
      });
    });
  const figure = Math.min(...rows.map(({ ratio }) => ratio));
  return {
    name: 'many-trials',
    figure,
    unit: `of the hypervolume of exact models, with models of ${modelled} of ${start} to ${start + asks} trials`,
    peer: 'exact Gaussian processes of all trials, same run',
    peerFigure: 1,
    ratio: figure,
    details: { rows },
  };
}
