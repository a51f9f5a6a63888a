/** Checks a campaign before its study is made, and expands its search space for its model. */
import { armToolchain, type BoardSpec, isMissing, isVirtual } from '@tinypareto/evaluators';
import type { StudyDefinition } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import { compileConstraints } from '../study/constraint.ts';
import type { CampaignPlanner } from '../study/ports.ts';
import { campaignFiles } from './campaign-files.ts';
import type { ResolveFile } from './dataset-spec.ts';
import { baseMetric } from './models-latency.ts';
import type { TrialPool } from './trial-pool.ts';

/** Metrics that only a device gives. */
const DEVICE_METRICS = ['latencyUs', 'energyUj'];

export function createCampaignPlanner(pool: TrialPool, resolve: ResolveFile): CampaignPlanner {
  return {
    plan: async (definition) => {
      const { evaluation } = definition;
      if (evaluation === undefined) return { parameters: [] };
      const { modelFile, dataset, boards } = campaignFiles(evaluation, resolve);
      await refuseUnreported(definition, boards);
      const planned = await pool
        .run({ kind: 'plan', modelFile, dataset, boards, space: definition.space })
        .catch((error: unknown) => {
          throw inEvaluation(error);
        });
      const { parameters, fixed, knownSizes } = planned;
      return {
        parameters,
        fixed,
        extension: knownSizes === null ? null : { module: 'runner/known-sizes', data: knownSizes },
      };
    },
  };
}

/** A campaign with a metric that no one can report would fail on every trial. */
async function refuseUnreported(definition: StudyDefinition, boards: readonly BoardSpec[]): Promise<void> {
  const measure = definition.evaluation?.measure ?? 'simulated';
  const objectives = definition.objectives.map(({ metric }, i) => ({ metric, where: `objectives[${i}].metric` }));
  // One with words in quotes is a rule over parameters, which are not known yet.
  const onNumbers = (definition.constraints ?? []).flatMap((spec, i) =>
    typeof spec === 'string' && /["']/.test(spec) ? [] : [{ spec, where: `constraints[${i}]` }],
  );
  const constraints = await compileConstraints(onNumbers.map(({ spec }) => spec));
  const read = constraints.flatMap(({ metrics }, i) =>
    metrics.map((metric) => ({ metric, where: onNumbers[i]?.where ?? 'constraints' })),
  );
  for (const { metric, where } of [...objectives, ...read]) {
    const base = baseMetric(metric);
    if (!DEVICE_METRICS.includes(base)) continue;
    const why = base === 'energyUj' ? 'no device here measures energy' : latencyIsMissing(measure, boards);
    if (why === undefined) continue;
    throw new UserError({
      code: 'METRIC_NOT_AVAILABLE',
      message: `${metric} cannot be had: ${why}`,
      where,
      hint: 'measure: modelled runs pico and nano33ble as virtual boards; board: host takes measure: measured and an agent; or use macs as the cost of an inference',
      status: 422,
    });
  }
}

/** Why nobody reports a latency; undefined when somebody does. */
function latencyIsMissing(measure: string, boards: readonly BoardSpec[]): string | undefined {
  if (boards.every(({ core }) => core === 'host')) {
    return measure === 'measured' || measure === 'best-available'
      ? undefined
      : `with measure: ${measure} no one times this computer`;
  }
  if (!boards.every(isVirtual)) return 'the host and boards cannot be timed in one campaign';
  if (measure === 'measured') return 'there is no driver for these boards yet';
  const toolchain = armToolchain();
  return isMissing(toolchain) ? `${toolchain.missing} is missing (${toolchain.hint})` : undefined;
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
    message:
      error.where === undefined || error.message.includes(error.where)
        ? error.message
        : `${error.where}: ${error.message}`,
    where: part,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    status: error.status,
    exitCode: error.exitCode,
  });
}
