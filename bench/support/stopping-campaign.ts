/**
 * A campaign on LeNet and MNIST whose trials are evaluated here, one after another, so that the processor time of an evaluation can be
 * told from everything else. Studies, sampler, intermediate values and verdicts are the daemon's own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EvaluationHooks, evaluateTrial, loadNetwork, type Outcome, prunableLayers } from '@tinypareto/evaluators';
import { createApp } from '../../src/app.ts';
import type { ParameterSpec } from '../../src/contract/parameter.ts';
import type { StudyDefinition } from '../../src/contract/study.ts';
import type { WireTrial } from '../../src/contract/trial.ts';
import { campaignFiles } from '../../src/runner/campaign-files.ts';
import { createCampaignPlanner } from '../../src/runner/campaign-planner.ts';
import { hardLimits } from '../../src/runner/hard-limits.ts';
import { TrialPool } from '../../src/runner/trial-pool.ts';
import { decodePlan } from '../../src/study/decode-plan.ts';

export interface StoppingSetting {
  /** 0 = never stop. */
  readonly threshold: number;
  readonly budgetSeconds: number;
  /** Of fine-tuning, in every trial; null = as the demo has it. */
  readonly epochs: number | null;
  /** Whether stopped trials are finished outside the budget, to see what they would have been. */
  readonly isChecked: boolean;
  /** Half of the demo's widths and a third of its data at three times the epochs: trials of two seconds instead of ten. */
  readonly isSmall: boolean;
}

export interface StoppedTrial {
  readonly number: number;
  readonly foretold: number;
  readonly sd: number;
  /** Accuracy that it would have reached. */
  readonly real: number;
  readonly wouldImprove: boolean;
}

export interface CampaignRun {
  readonly hypervolume: number;
  readonly trials: number;
  readonly stopped: number;
  /** [processor seconds, hypervolume] after every trial. */
  readonly history: readonly (readonly [number, number])[];
  readonly checked: readonly StoppedTrial[];
}

const MODEL = fileURLToPath(new URL('../../examples/lenet-mnist/lenet-mnist.onnx', import.meta.url));
const CLIENT = 'bench';

const SMALL_WIDTHS = [16, 32, 64];
const SMALL_DATA = { kind: 'builtin', name: 'mnist', limit: 20_000, testLimit: 2000 } as const;
const SMALL_EPOCHS = 0.6;

function smallSpace(): ParameterSpec[] {
  return SMALL_WIDTHS.map((high, i) => ({ name: `width${i + 1}`, type: 'int', low: high / 8, high, step: high / 8 }));
}

function definitionOf({ threshold, epochs, isSmall }: StoppingSetting, seed: number): StudyDefinition {
  const trained = epochs ?? (isSmall ? SMALL_EPOCHS : null);
  return {
    name: 'stopping',
    objectives: [
      { metric: 'accuracy', direction: 'maximize', reference: 0.9 },
      { metric: 'romBytes', direction: 'minimize', reference: 1_500_000 },
    ],
    constraints: ['ramBytes <= 256 KiB', 'romBytes <= 1500 kB'],
    space: {
      preset: 'structured',
      ...(trained !== null && { fixed: { epochs: trained } }),
      ...(isSmall && { parameters: smallSpace() }),
    },
    sampler: { kind: 'mobo', seed, initialPoints: 8 },
    ...(threshold > 0 && { earlyStopping: { threshold } }),
    evaluation: { kind: 'compression', model: MODEL, dataset: isSmall ? SMALL_DATA : 'mnist', board: 'pico' },
  };
}

const processorSeconds = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

export async function runStoppingCampaign(setting: StoppingSetting, seed: number): Promise<CampaignRun> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'tinypareto-stopping-'));
  const pool = new TrialPool(1, path.join(dataFolder, 'builds'));
  const resolve = (name: string): string => name;
  const daemon = await createApp({ dataFolder, planner: createCampaignPlanner(pool, resolve) });
  const { service } = daemon;
  const model = readFileSync(MODEL);
  const layers = prunableLayers(loadNetwork(model));
  try {
    const { study } = await service.create(definitionOf(setting, seed));
    const { record } = await service.state(study.id);
    const { dataset, boards } = campaignFiles(
      record.evaluation ?? { model: MODEL, dataset: 'mnist', board: 'pico' },
      resolve,
    );
    const limits = await hardLimits(record.constraints);
    const run = async ({ params, number }: WireTrial, hooks: EvaluationHooks): Promise<Outcome> => {
      const plan = decodePlan(params, layers, record.fixed, 1000 * seed + number);
      return (await evaluateTrial({ model, dataset, plan, boards, limits }, hooks)).outcome;
    };
    const history: [number, number][] = [];
    const checked: StoppedTrial[] = [];
    let stopped = 0;
    for (let spent = 0; ; ) {
      const [trial] = await service.ask(study.id, { clientId: CLIENT, leaseSeconds: 3600 });
      if (trial === undefined) break;
      const fence = trial.fence ?? 0;
      const onIntermediate: EvaluationHooks['onIntermediate'] = async ({ step, accuracy, stderr, sizes }) => {
        const { directive, reason } = await service.heartbeat(trial.id, {
          fence,
          intermediate: { step, metrics: { accuracy }, stderr: { accuracy: stderr } },
          final: Object.fromEntries(Object.entries(sizes).map(([name, { mean }]) => [name, mean])),
        });
        return directive === 'stop' ? (reason ?? '') : null;
      };
      const before = processorSeconds();
      const outcome = await run(trial, setting.threshold > 0 ? { onIntermediate } : {});
      spent += processorSeconds() - before;
      // Work that ends after the budget does not count.
      if (spent > setting.budgetSeconds) break;
      if (outcome.kind === 'failed') throw new Error(outcome.error);
      const state = outcome.kind === 'stopped' ? 'pruned' : outcome.kind;
      const front = await service.front(study.id);
      const told = await service.tell(trial.id, { fence, state, metrics: { ...outcome.metrics } });
      if (outcome.kind === 'stopped') {
        stopped++;
        if (setting.isChecked) {
          const finished = await run(trial, {});
          const { mean, stderr = 0 } = told.metrics['accuracy'] ?? { mean: Number.NaN };
          const real = 'metrics' in finished ? finished.metrics : {};
          const value = (name: string): number => real[name]?.mean ?? Number.NaN;
          const isDominated = front.some(
            ({ metrics }) =>
              (metrics['accuracy']?.mean ?? 0) >= value('accuracy') &&
              (metrics['romBytes']?.mean ?? Number.POSITIVE_INFINITY) <= value('romBytes'),
          );
          const wouldImprove = finished.kind === 'completed' && value('accuracy') > 0.9 && !isDominated;
          checked.push({ number: trial.number, foretold: mean, sd: stderr, real: value('accuracy'), wouldImprove });
        }
      }
      history.push([spent, (await service.get(study.id)).hypervolume?.value ?? 0]);
    }
    return { hypervolume: history.at(-1)?.[1] ?? 0, trials: history.length, stopped, history, checked };
  } finally {
    await daemon.close();
    await pool.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}
