/**
 * An Optuna study in our words. What was exported here before is restored from the attribute `tinypareto`; of any other study the
 * objectives, space, constraints and trials are taken.
 */
import type { WireMetric } from '../../contract/metric.ts';
import type { WireParams } from '../../contract/parameter.ts';
import type { WireTrial } from '../../contract/trial.ts';
import { USER_ATTRIBUTE } from '../export/optuna-trial.ts';
import { type ImportedStudy, type ImportedTrial, ownTrial, readDefinition } from './imported-study.ts';
import { optunaSpace, paramsOf } from './optuna-space.ts';
import { badImport, type StoredStudy, type StoredTrial } from './optuna-study.ts';

/** The metric of a constraint of Optuna's, violated above 0. */
const constraintMetric = (i: number): string => `constraint${i}`;

function violationsOf({ systemAttrs }: StoredTrial): readonly number[] {
  const list = systemAttrs['constraints'];
  if (Array.isArray(list)) return list.map(Number);
  // Optuna 5 keeps them by name, too.
  return Object.keys(systemAttrs)
    .filter((key) => key.startsWith('constraints:'))
    .sort()
    .map((key) => Number(systemAttrs[key]));
}

function metricNames(study: StoredStudy): string[] {
  const named = study.systemAttrs['study:metric_names'];
  const names = Array.isArray(named) ? named.map(String) : [];
  return study.directions.map((_, i) => {
    const name = names[i]?.replace(/[^A-Za-z0-9_.-]/g, '_') ?? '';
    if (/^[A-Za-z]/.test(name)) return name.slice(0, 100);
    return study.directions.length === 1 ? 'value' : `value${i}`;
  });
}

function stateOf(trial: StoredTrial, isComplete: boolean): ImportedTrial['state'] {
  switch (trial.state) {
    case 'COMPLETE':
      return isComplete ? 'completed' : 'infeasible';
    case 'PRUNED':
      return 'pruned';
    case 'FAIL':
      return 'failed';
    // Whoever ran it knows nothing of this study: it is tried anew.
    case 'RUNNING':
    case 'WAITING':
      return 'waiting';
  }
}

function foreignTrial(trial: StoredTrial, metrics: readonly string[], constraints: number): ImportedTrial {
  const isComplete = trial.values.length === metrics.length && trial.values.every((value) => value !== null);
  const state = stateOf(trial, isComplete);
  const read: Record<string, WireMetric> = {};
  if (state === 'completed') {
    for (const [i, value] of trial.values.entries()) read[metrics[i] ?? ''] = { mean: Number(value) };
    const violations = violationsOf(trial);
    // A trial without constraints counts as feasible, as in Optuna.
    for (let i = 0; i < constraints; i++) read[constraintMetric(i)] = { mean: violations[i] ?? 0 };
  }
  const fixed = trial.systemAttrs['fixed_params'];
  const [metric] = metrics;
  return {
    number: trial.number,
    state,
    params: trial.params.length > 0 ? paramsOf(trial) : ((fixed ?? {}) as WireParams),
    why: { origin: 'imported' },
    metrics: read,
    reason: state === 'infeasible' ? 'a value was not a finite number' : null,
    userAttrs: trial.userAttrs,
    intermediate:
      metric === undefined || metrics.length > 1
        ? []
        : trial.intermediate.map(({ step, value }) => ({ step, metrics: { [metric]: value } })),
    createdAt: trial.start?.getTime() ?? null,
    startedAt: trial.start?.getTime() ?? null,
    finishedAt: trial.complete?.getTime() ?? null,
  };
}

/** `name` of the new study; that of the file where null. Throws `UserError` BAD_IMPORT or `InvalidInputError` (422). */
export function fromOptuna(study: StoredStudy, name: string | null): ImportedStudy {
  const own = study.userAttrs[USER_ATTRIBUTE] as { readonly definition?: unknown } | undefined;
  if (own?.definition !== undefined)
    return {
      definition: readDefinition(own.definition, name),
      trials: study.trials.map((trial) => {
        const kept = trial.userAttrs[USER_ATTRIBUTE] as Partial<WireTrial> | undefined;
        if (kept === undefined) return foreignTrial(trial, metricNames(study), 0);
        const fixed = trial.systemAttrs['fixed_params'] as WireParams | undefined;
        return ownTrial(trial.number, trial.params.length > 0 ? paramsOf(trial) : (fixed ?? {}), kept);
      }),
    };
  if (study.directions.length === 0) throw badImport('the study has no directions');
  const metrics = metricNames(study);
  const constraints = study.trials.reduce((most, trial) => Math.max(most, violationsOf(trial).length), 0);
  const definition = {
    name: study.name,
    objectives: metrics.map((metric, i) => ({ metric, direction: study.directions[i] })),
    ...(constraints > 0 && {
      constraints: Array.from({ length: constraints }, (_, i) => ({ metric: constraintMetric(i), op: '<=', bound: 0 })),
    }),
    space: optunaSpace(study.trials),
  };
  return {
    definition: readDefinition(definition, name),
    trials: study.trials.map((trial) => foreignTrial(trial, metrics, constraints)),
  };
}
