/**
 * Hypervolume per second of evaluation, with and without stopping trials by their learning curves. The problem is mixed-compress with its
 * error read after every epoch, as a training would report it; a trial costs a second to compile plus `--epoch-seconds` (default 2) for
 * each epoch that it runs. A stopped trial counts as pruned: it tells the model what its curve foretells and does not enter
 * the front. No peer offers early stopping with several objectives (Optuna's pruners refuse such studies), so the comparison is with
 * never stopping.
 *   --sampler KIND (nsga2)   --seeds K (11)   --seconds S (600)   --epoch-seconds E (2)
 *
 * With --campaign the trials are real: LeNet on MNIST in the demo's space, seconds are processor time of the evaluations.
 *   --seeds K (1)   --first-seed N (0)   --seconds S (60)   --epochs E (as the demo)   --threshold P (0.05)
 *   --small trains half of the demo's widths on a third of its data: trials of two seconds instead of ten
 *   --check finishes the stopped trials outside the budget: `wrong` are those that would have improved the front
 */
import { createRng } from '../optimizer/math/rng.ts';
import { mixedCompress, mixedCompressKnown } from '../optimizer/problems/mixed-compress.ts';
import { createSampler, type SamplerKind } from '../optimizer/samplers/create-sampler.ts';
import { judgeRunningTrial } from '../optimizer/samplers/fidelity/early-stopping.ts';
import type { TrialCurves } from '../optimizer/samplers/fidelity/trial-curves.ts';
import type { ObservedTrial, SamplerProblem } from '../optimizer/samplers/sampler.ts';
import { studyProgress } from '../optimizer/samplers/study-progress.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { type CampaignRun, runStoppingCampaign } from './support/stopping-campaign.ts';

const COMPILE_SECONDS = 1;

interface Run {
  readonly hypervolume: number;
  readonly trials: number;
  readonly stopped: number;
}

interface Setting {
  readonly kind: SamplerKind;
  readonly budgetSeconds: number;
  readonly epochSeconds: number;
  readonly threshold: number;
}

function runStudy({ kind, budgetSeconds, epochSeconds, threshold }: Setting, seed: number): Run {
  const problem: SamplerProblem = { ...mixedCompress.problem, known: mixedCompressKnown };
  const sampler = createSampler(kind, problem, { seed, budgetTrials: Math.ceil(budgetSeconds / (6 * epochSeconds)) });
  const observed: ObservedTrial[] = [];
  const curves = new Map<number, TrialCurves>();
  let spent = 0;
  for (let number = 0; spent < budgetSeconds; number++) {
    const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    const horizon = Number(params['epochs']);
    const error: { step: number; value: number }[] = [];
    let state: ObservedTrial['state'] = 'completed';
    let foretold: ObservedTrial['metrics'] = {};
    spent += COMPILE_SECONDS;
    for (let epoch = 1; epoch <= horizon; epoch++) {
      spent += epochSeconds;
      error.push({ step: epoch, value: mixedCompress.evaluate({ ...params, epochs: epoch }).objectives[0] });
      if (threshold <= 0 || epoch === horizon) continue;
      const trial = { number, params, horizon, curves: { error } };
      const verdict = judgeRunningTrial(problem, observed, curves, trial, { threshold });
      if (verdict.stop) {
        state = 'pruned';
        const { mean, sd } = verdict.predicted['error'];
        foretold = { error: { mean, stderr: sd } };
        break;
      }
    }
    if (error.length > 0) curves.set(number, { error });
    // Work that ends after the budget does not count.
    if (spent > budgetSeconds) break;
    // A pruned trial reports what its curve foretells, with that uncertainty: a model may learn from it, the front may not.
    observed.push({ number, state, params, metrics: state === 'completed' ? mixedCompress.measure(params) : foretold });
  }
  return {
    hypervolume: studyProgress(problem, observed).hypervolumes.at(-1) ?? 0,
    trials: observed.length,
    stopped: observed.filter((t) => t.state === 'pruned').length,
  };
}

async function runCampaigns(args: readonly string[]): Promise<BenchResult> {
  const seeds = Number(option(args, 'seeds', '1'));
  const first = Number(option(args, 'first-seed', '0'));
  const budgetSeconds = Number(option(args, 'seconds', '60'));
  const epochs = option(args, 'epochs', '');
  const threshold = Number(option(args, 'threshold', '0.05'));
  const setting = {
    budgetSeconds,
    epochs: epochs === '' ? null : Number(epochs),
    isChecked: args.includes('--check'),
    isSmall: args.includes('--small'),
  };
  const rows: { seed: number; never: CampaignRun; stopping: CampaignRun }[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const never = await runStoppingCampaign({ ...setting, threshold: 0 }, seed);
    process.stderr.write(`seed ${seed}, never stopping: ${JSON.stringify(never)}\n`);
    const stopping = await runStoppingCampaign({ ...setting, threshold }, seed);
    process.stderr.write(`seed ${seed}, stopping: ${JSON.stringify(stopping)}\n`);
    rows.push({ seed, never, stopping });
  }
  const figure = median(rows.map(({ stopping }) => stopping.hypervolume / budgetSeconds));
  const peerFigure = median(rows.map(({ never }) => never.hypervolume / budgetSeconds));
  const checked = rows.flatMap(({ stopping }) => stopping.checked);
  return {
    name: 'early-stopping',
    figure,
    unit: `hypervolume per second of evaluation, LeNet on MNIST (mobo, ${budgetSeconds} s, median of ${seeds} seeds)`,
    peer: 'the same campaign without stopping',
    peerFigure,
    ratio: median(rows.map(({ never, stopping }) => stopping.hypervolume / never.hypervolume)),
    details: {
      rows,
      ...(setting.isChecked && {
        checked: checked.length,
        wrong: checked.filter(({ wouldImprove }) => wouldImprove).length,
        insideTwoDeviations: checked.filter(({ foretold, real, sd }) => Math.abs(real - foretold) <= 2 * sd).length,
      }),
    },
  };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  if (args.includes('--campaign')) return runCampaigns(args);
  const kind = option(args, 'sampler', 'nsga2') as SamplerKind;
  const seeds = Number(option(args, 'seeds', '11'));
  const budgetSeconds = Number(option(args, 'seconds', '600'));
  const epochSeconds = Number(option(args, 'epoch-seconds', '2'));
  const rows = [0, 0.02, 0.05, 0.1].map((threshold) => {
    const runs = Array.from({ length: seeds }, (_, seed) =>
      runStudy({ kind, budgetSeconds, epochSeconds, threshold }, seed),
    );
    return {
      threshold,
      hypervolume: median(runs.map((r) => r.hypervolume)),
      fractionOfBest: median(runs.map((r) => r.hypervolume)) / mixedCompress.bestHypervolume,
      trials: median(runs.map((r) => r.trials)),
      stopped: median(runs.map((r) => r.stopped)),
    };
  });
  const never = rows[0];
  const withRule = rows[2];
  return {
    name: 'early-stopping',
    figure: withRule.hypervolume / budgetSeconds,
    unit: `hypervolume per evaluation second on mixed-compress (${kind}, ${budgetSeconds} s, median of ${seeds} seeds)`,
    peer: 'the same study without stopping',
    peerFigure: never.hypervolume / budgetSeconds,
    ratio: withRule.hypervolume / never.hypervolume,
    details: { rows },
  };
}
