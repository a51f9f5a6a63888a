/**
 * Time of one cold ask (models fitted from nothing, acquisition maximised) by the number of trials and objectives: DTLZ2 with d = 6.
 * `--trials 50,200,2000 --objectives 2,3 --repeats 3`. The figure is the median at the largest n ≤ 200, m = 3.
 */
import { createRng, createSampler, openProblems } from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

/** CPU seconds of an ask near n = 50, from ../shared/peers/optimizer (BoTorch 0.18.1 qLogNEHVI, DTLZ2 d6 m3). */
const BOTORCH_MS_NEAR_50 = 3883;
/** The same of Optuna 5's GPSampler. */
const OPTUNA_MS_NEAR_50 = 779;

function coldAskMs(objectives: number, trials: number, seed: number): number {
  const problem = openProblems.get(`DTLZ2-d6-m${objectives}`);
  if (problem === undefined) throw new RangeError(`no problem with ${objectives} objectives`);
  const rng = createRng(seed, 0, 'bench points');
  const observations = Array.from({ length: trials }, (_, number) => {
    const params = problem.problem.space.sampleParams(rng);
    if (params === null) throw new Error('the space has no point');
    return { number, state: 'completed', params, metrics: problem.measure(params) } as const;
  });
  const sampler = createSampler('mobo', problem.problem, { seed });
  const before = process.cpuUsage();
  sampler.suggest(observations, createRng(seed, trials, 'suggest'), 1);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const trials = option(args, 'trials', '50,200,2000').split(',').map(Number);
  const objectives = option(args, 'objectives', '2,3').split(',').map(Number);
  const repeats = Number(option(args, 'repeats', '3'));
  coldAskMs(objectives[0], 30, 99);
  const rows = objectives.flatMap((m) =>
    trials.map((n) => {
      const times = Array.from({ length: repeats }, (_, seed) => coldAskMs(m, n, seed));
      return { objectives: m, trials: n, medianCpuMs: median(times), largestCpuMs: Math.max(...times) };
    }),
  );
  const largest = Math.max(...objectives);
  const near200 = rows.filter((row) => row.objectives === largest && row.trials <= 200).at(-1) ?? rows[0];
  const near50 = rows.find((row) => row.objectives === 3 && row.trials === 50);
  return {
    name: 'ask',
    figure: near200.medianCpuMs,
    unit: `CPU ms per cold ask at n = ${near200.trials}, m = ${near200.objectives}`,
    peer: near50 === undefined ? null : 'BoTorch 0.18.1 qLogNEHVI near n = 50, m = 3 (compared at n = 50)',
    peerFigure: near50 === undefined ? null : BOTORCH_MS_NEAR_50,
    ratio: near50 === undefined ? null : BOTORCH_MS_NEAR_50 / near50.medianCpuMs,
    details: {
      source: '../shared/peers/optimizer/summary.json, medianAskCpuSecondsNear50 of DTLZ2-d6-m3, one thread',
      optunaGp:
        near50 === undefined ? null : { cpuMs: OPTUNA_MS_NEAR_50, ratio: OPTUNA_MS_NEAR_50 / near50.medianCpuMs },
      rows,
    },
  };
}
