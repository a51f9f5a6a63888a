/** Compressions outside any study: `POST /v1/evaluations` and the `compress` command. */
import type { CompressionPlan, FinetunePlan, PrunePlan } from '@tinypareto/evaluators';
import type { CompressionPlanSpec } from '../contract/compression-plan.ts';
import { UserError } from '../errors.ts';
import type { Evaluator } from '../study/ports.ts';
import { campaignFiles } from './campaign-files.ts';
import type { ResolveFile } from './dataset-spec.ts';
import type { TrialPool } from './trial-pool.ts';

const BYTE_UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1000, KiB: 1024, MB: 1e6, MiB: 1024 ** 2 };

/** The plan with defaults filled in and bounds as numbers. Throws UserError BAD_VALUE for a bound that is no size. */
export function completePlan(spec: CompressionPlanSpec): CompressionPlan {
  const { prune, finetune, ...rest } = spec;
  return {
    ...rest,
    ...(prune === undefined ? {} : { prune: completePrune(prune) }),
    ...(finetune === undefined ? {} : { finetune: completeFinetune(finetune) }),
  } as CompressionPlan;
}

function completePrune(prune: NonNullable<CompressionPlanSpec['prune']>): PrunePlan {
  const { target, schedule, ...rest } = prune;
  return {
    ...rest,
    ...(schedule === undefined ? {} : { schedule: { kind: schedule.kind, steps: schedule.steps ?? 4 } }),
    ...(target === undefined
      ? {}
      : {
          target: {
            metric: target.metric,
            ...(target.remove === undefined ? {} : { remove: target.remove }),
            ...(target.atMost === undefined ? {} : { atMost: toBound(target.atMost) }),
          },
        }),
  };
}

function toBound(bound: number | string): number {
  if (typeof bound === 'number') return bound;
  const match = /^\s*([\d.]+)\s*([A-Za-z]*)\s*$/.exec(bound);
  const unit = match?.[2] === '' ? 1 : BYTE_UNITS[match?.[2] ?? ''];
  const value = Number(match?.[1]) * (unit ?? Number.NaN);
  if (value > 0) return value;
  throw new UserError({
    code: 'BAD_VALUE',
    message: `${JSON.stringify(bound)} is not a size`,
    where: 'prune.target.atMost',
    hint: `a number, or one with a unit: ${Object.keys(BYTE_UNITS).join(', ')}`,
    status: 422,
  });
}

function completeFinetune(finetune: NonNullable<CompressionPlanSpec['finetune']>): FinetunePlan {
  return { ...finetune, optimizer: finetune.optimizer ?? 'sgd', learningRate: finetune.learningRate ?? 0.01 };
}

export function createEvaluator(pool: TrialPool, resolve: ResolveFile): Evaluator {
  return {
    evaluate: async (request, { signal, onProgress }) => {
      if (request.dataset === undefined) {
        throw new UserError({
          code: 'MISSING_KEY',
          message: 'dataset is missing: accuracy is the accuracy on a test set',
          where: 'dataset',
          hint: 'a description, or the name of a builtin set: mnist, fashion-mnist',
          status: 422,
        });
      }
      const { modelFile, dataset, boards } = campaignFiles({ ...request, dataset: request.dataset }, resolve);
      const plan = completePlan(request.plan ?? {});
      const { outcome } = await pool.run(
        {
          kind: 'evaluate',
          modelFile,
          dataset,
          boards,
          limits: [],
          source: { plan },
          reportsIntermediate: false,
          modelLatency: request.measure !== undefined && request.measure !== 'measured',
        },
        { signal, onProgress: ({ fraction }) => onProgress(fraction) },
      );
      switch (outcome.kind) {
        case 'completed':
          return { state: 'completed', metrics: { ...outcome.metrics }, files: outcome.artifacts };
        case 'infeasible':
          return { state: 'infeasible', reason: outcome.reason, metrics: { ...outcome.metrics } };
        case 'stopped':
          return { state: 'failed', reason: outcome.reason, retryable: false };
        case 'failed':
          return { state: 'failed', reason: outcome.error, retryable: outcome.retryable };
      }
    },
  };
}
