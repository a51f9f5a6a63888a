/** Checks a campaign before its study is made, and expands its search space for its model. */
import type { StudyDefinition } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import type { CampaignPlanner } from '../study/ports.ts';
import { campaignFiles } from './campaign-files.ts';
import type { ResolveFile } from './dataset-spec.ts';
import type { TrialPool } from './trial-pool.ts';

/** Metrics that only a device gives. */
const DEVICE_METRICS = ['latencyUs', 'energyUj'];

export function createCampaignPlanner(pool: TrialPool, resolve: ResolveFile): CampaignPlanner {
  return {
    plan: async (definition) => {
      const { evaluation } = definition;
      if (evaluation === undefined) return { parameters: [] };
      const { modelFile, dataset, boards } = campaignFiles(evaluation, resolve);
      refuseUnmeasured(
        definition,
        boards.every((board) => board.core === 'host'),
      );
      const planned = await pool
        .run({ kind: 'plan', modelFile, dataset, space: definition.space })
        .catch((error: unknown) => {
          throw inEvaluation(error);
        });
      return { parameters: planned.parameters, fixed: planned.fixed };
    },
  };
}

/** A campaign whose objective no one can report would fail on every trial. */
function refuseUnmeasured(definition: StudyDefinition, isHost: boolean): void {
  const measure = definition.evaluation?.measure ?? 'simulated';
  const isMeasured = isHost && (measure === 'measured' || measure === 'best-available');
  for (const [i, { metric }] of definition.objectives.entries()) {
    const base = metric.split('@')[0] ?? metric;
    if (!DEVICE_METRICS.includes(base) || (isMeasured && base === 'latencyUs')) continue;
    throw new UserError({
      code: 'METRIC_NOT_AVAILABLE',
      message: `${metric} needs a device: with measure: ${measure} no one reports it on this board`,
      where: `objectives[${i}].metric`,
      hint: 'use macs as the cost of an inference, or board: host with measure: measured and an agent',
      status: 422,
    });
  }
}

function inEvaluation(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const part = /DATASET|SHAPE|CLASSES|LABEL|FINITE|EMPTY/.test(error.code)
    ? 'evaluation.dataset'
    : /PRESET|SPACE|PARAM/.test(error.code)
      ? 'space'
      : 'evaluation.model';
  return new UserError({
    code: error.code,
    message: error.where === undefined ? error.message : `${error.where}: ${error.message}`,
    where: part,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    status: error.status,
    exitCode: error.exitCode,
  });
}
