/** One trial of a campaign, from its params to what is told about it. */
import type { IntermediateAccuracy } from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';
import type { WireMetrics } from '../contract/metric.ts';
import type { TellState, WireTrial } from '../contract/trial.ts';
import { EXIT, UserError } from '../errors.ts';
import type { ProducedFile } from '../study/ports.ts';
import type { StudyRecord } from '../study/study.ts';
import { campaignFiles } from './campaign-files.ts';
import { hardLimits } from './hard-limits.ts';
import type { LaneTools } from './lane-tools.ts';
import { measureKit } from './measure-kit.ts';
import { modelsLatency } from './models-latency.ts';

export interface TrialReport {
  readonly state: TellState;
  readonly metrics?: Record<string, WireMetrics[string]>;
  readonly reason?: string;
  readonly retryable?: boolean;
  readonly files: readonly ProducedFile[];
}

export interface TrialHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
  /** Resolves with why the trial should end, or null. */
  readonly onIntermediate: (value: IntermediateAccuracy) => Promise<string | null>;
}

/** Never rejects but for an abort: what goes wrong becomes a failed or infeasible report. */
export async function runTrial(
  record: StudyRecord,
  trial: Pick<WireTrial, 'id' | 'number' | 'params'>,
  tools: Pick<LaneTools, 'pool' | 'resolve' | 'hub' | 'checkpoints' | 'log'>,
  hooks: TrialHooks,
): Promise<TrialReport> {
  const { evaluation } = record;
  if (evaluation === null) throw new Error(`study ${record.id} has nothing to evaluate`);
  try {
    const { modelFile, dataset, boards } = campaignFiles(evaluation, tools.resolve);
    const seed = createRng(record.sampler.seed, trial.number, 'evaluation').nextUint32();
    const { outcome, kit } = await tools.pool.run(
      {
        kind: 'evaluate',
        modelFile,
        dataset,
        boards,
        limits: await hardLimits(record.constraints),
        source: { params: trial.params, fixed: record.fixed, seed },
        modelLatency: await modelsLatency(record, evaluation),
        checkpoints: { folder: tools.checkpoints.of(trial.id), everySeconds: tools.checkpoints.everySeconds },
        reportsIntermediate: record.earlyStopping !== undefined,
      },
      {
        signal: hooks.signal,
        onProgress: ({ fraction }) => hooks.onProgress(fraction),
        onWarning: (message) => tools.log?.(`trial ${trial.number}`, message),
        onIntermediate: hooks.onIntermediate,
      },
    );
    switch (outcome.kind) {
      case 'infeasible':
        return { state: 'infeasible', reason: outcome.reason, metrics: { ...outcome.metrics }, files: [] };
      case 'stopped':
        return { state: 'pruned', reason: outcome.reason, metrics: { ...outcome.metrics }, files: [] };
      case 'failed':
        return { state: 'failed', reason: outcome.error, retryable: outcome.retryable, files: [] };
      case 'completed': {
        const [board] = boards;
        const measured =
          kit === null || board === undefined
            ? {}
            : await measureKit(kit, board, evaluation.measure ?? 'simulated', tools.hub, hooks.signal);
        return { state: 'completed', metrics: { ...outcome.metrics, ...measured }, files: outcome.artifacts };
      }
    }
  } catch (error) {
    if (hooks.signal.aborted) throw error;
    return failure(error);
  }
}

/** A full disk, a lost board or a dead thread says nothing about the trial, so it is tried again; a bad plan is not. */
function failure(error: unknown): TrialReport {
  const message = error instanceof Error ? error.message : String(error);
  const isFinal =
    error instanceof UserError && (error.exitCode === EXIT.badInput || error.exitCode === EXIT.missingInput);
  const isNumeric = error instanceof Error && 'errorClass' in error && error.errorClass === 'NUMERIC';
  return { state: 'failed', reason: message.slice(0, 2000), retryable: !isFinal && !isNumeric, files: [] };
}
