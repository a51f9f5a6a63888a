/**
 * How a trial looks to Optuna (4.x and 5.x share storage schema 12). Constraint violations become Optuna's constraints (positive =
 * violated). Whatever Optuna has no place for is kept in the user attribute `tinypareto`, so that an import loses nothing.
 */
import type { ParameterSpec } from '../../contract/parameter.ts';
import { type TrialRecord, toWireTrial } from '../../trial/trial.ts';
import { toDefinition } from '../definition.ts';
import type { StudyRecord } from '../study.ts';
import type { StudyState } from '../study-state.ts';

export type OptunaState = 'RUNNING' | 'COMPLETE' | 'PRUNED' | 'FAIL' | 'WAITING';

/** Optuna keeps states in journals as these numbers. */
export const OPTUNA_STATE_NUMBERS: Readonly<Record<OptunaState, number>> = {
  RUNNING: 0,
  COMPLETE: 1,
  PRUNED: 2,
  FAIL: 3,
  WAITING: 4,
};

export interface OptunaParam {
  readonly name: string;
  /** Internal representation: the number itself, or the index of the choice. */
  readonly value: number;
  readonly distribution: { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> };
}

export interface OptunaTrial {
  readonly number: number;
  readonly state: OptunaState;
  readonly start: Date | null;
  readonly complete: Date | null;
  readonly params: readonly OptunaParam[];
  /** One per objective; empty unless complete. */
  readonly values: readonly number[];
  /** Step -> value, of the one metric that Optuna has room for. */
  readonly intermediate: ReadonlyMap<number, number>;
  readonly userAttrs: Readonly<Record<string, unknown>>;
  readonly systemAttrs: Readonly<Record<string, unknown>>;
}

export const USER_ATTRIBUTE = 'tinypareto';

function distributionOf(parameter: ParameterSpec): OptunaParam['distribution'] {
  switch (parameter.type) {
    case 'float': {
      const { low, high, log = false, step } = parameter;
      // Optuna knows no steps on a logarithmic axis: the wider distribution still contains every value.
      return { name: 'FloatDistribution', attributes: { step: log ? null : (step ?? null), low, high, log } };
    }
    case 'int': {
      const { low, high, log = false, step = 1 } = parameter;
      return { name: 'IntDistribution', attributes: { log, step: log ? 1 : step, low, high } };
    }
    case 'categorical':
      return { name: 'CategoricalDistribution', attributes: { choices: parameter.choices } };
  }
}

function paramsOf(trial: TrialRecord, parameters: readonly ParameterSpec[]): OptunaParam[] {
  return parameters.flatMap((parameter) => {
    const value = trial.params[parameter.name];
    if (value === undefined) return [];
    const internal = parameter.type === 'categorical' ? parameter.choices.indexOf(value) : Number(value);
    return [{ name: parameter.name, value: internal, distribution: distributionOf(parameter) }];
  });
}

function stateOf(trial: TrialRecord, hasValues: boolean, isKnownInfeasible: boolean): OptunaState {
  switch (trial.state) {
    case 'completed':
      return hasValues ? 'COMPLETE' : 'FAIL';
    case 'infeasible':
      // Complete with a violated constraint where everything is known; otherwise Optuna could not tell it from a good one.
      return hasValues && isKnownInfeasible ? 'COMPLETE' : 'FAIL';
    case 'pruned':
      return 'PRUNED';
    case 'failed':
    case 'abandoned':
      return 'FAIL';
    case 'running':
      return 'RUNNING';
    case 'waiting':
      return 'WAITING';
  }
}

/** Optuna keeps one value per step: that of the first objective with a curve, or of the first metric where no objective has one. */
function intermediateOf({ intermediate = [] }: TrialRecord, objectives: readonly string[]): Map<number, number> {
  const reported = new Set(intermediate.flatMap(({ metrics }) => Object.keys(metrics)));
  const shown = objectives.find((metric) => reported.has(metric)) ?? [...reported][0];
  return new Map(
    intermediate.flatMap(({ step, metrics }) => {
      const value = shown === undefined ? undefined : metrics[shown];
      return value === undefined ? [] : [[step, value] as const];
    }),
  );
}

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

type Attributes = Readonly<Record<string, unknown>>;

/** Names of the objectives, and what an import restores the study from. */
export function optunaStudyAttrs(record: StudyRecord): {
  readonly userAttrs: Attributes;
  readonly systemAttrs: Attributes;
} {
  return {
    userAttrs: { [USER_ATTRIBUTE]: { definition: toDefinition(record), parameters: record.parameters } },
    systemAttrs: { 'study:metric_names': record.objectives.map(({ metric }) => metric) },
  };
}

export function toOptunaTrial(state: StudyState, trial: TrialRecord): OptunaTrial {
  const { record, constraints } = state;
  const values = record.objectives.flatMap(({ metric }) => trial.metrics[metric]?.mean ?? []);
  const violations = constraints.flatMap(({ name }) => trial.violations[name] ?? []);
  const hasValues = values.length === record.objectives.length;
  const isKnownInfeasible = violations.length === constraints.length && violations.some((violation) => violation > 0);
  const optunaState = stateOf(trial, hasValues, isKnownInfeasible);
  const isWaiting = optunaState === 'WAITING';
  const { id: _id, study: _study, number: _number, params: _params, ...rest } = toWireTrial(record.id, trial);
  const metrics = Object.entries(trial.metrics).map(([name, metric]) => [name, metric.mean] as const);
  return {
    number: trial.number,
    state: optunaState,
    start: isWaiting ? null : date(trial.startedAt ?? trial.createdAt),
    complete: date(trial.finishedAt),
    params: isWaiting ? [] : paramsOf(trial, record.parameters),
    values: optunaState === 'COMPLETE' ? values : [],
    intermediate: intermediateOf(
      trial,
      record.objectives.map(({ metric }) => metric),
    ),
    userAttrs: { ...trial.userAttrs, ...Object.fromEntries(metrics), [USER_ATTRIBUTE]: rest },
    systemAttrs: {
      ...(violations.length === constraints.length && constraints.length > 0 && { constraints: violations }),
      ...(isWaiting && { fixed_params: trial.params }),
    },
  };
}
