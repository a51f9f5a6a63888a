/**
 * Whether a running trial is still wanted, from the intermediate values that its heartbeats report: it is told to stop when the chance
 * that it still improves the front is small. Only for studies that ask for it. Metrics without a curve are those that the trial knows
 * for good, those that the study knows, or what the sampler foretold when it chose the trial.
 */
import {
  type CurvePoint,
  type EarlyStoppingVerdict,
  judgeRunningTrial,
  type Params,
  type TrialCurves,
} from '@tinypareto/optimizer';
import type { HeartbeatRequest } from '../contract/requests.ts';
import { InvalidInputError } from '../contract/validate.ts';
import type { Intermediate, TrialRecord } from '../trial/trial.ts';
import { loadExpressionParser } from './expression.ts';
import { ParamLanguage } from './param-language.ts';
import { buildProblem, samplerTask } from './sampler-task.ts';
import type { StudyState } from './study-state.ts';

/** Other trials whose curves are looked at: the newest. */
const MOST_CURVES = 64;
const MOST_STEPS = 10_000;
/** Steps of a campaign's curve are percent of the training. */
const CAMPAIGN_HORIZON = 100;

type Reported = NonNullable<HeartbeatRequest['intermediate']>;

function refuse(code: 'BAD_METRIC' | 'BAD_VALUE', where: string, complaint: string): never {
  throw new InvalidInputError([{ code, where, message: `${where}: ${complaint}` }], 422);
}

function checkFinite(values: Readonly<Record<string, number>>, where: string): void {
  const bad = Object.keys(values).find((name) => !Number.isFinite(values[name]));
  if (bad !== undefined) refuse('BAD_METRIC', `${where}.${bad}`, 'expected a finite number');
}

/** Throws `InvalidInputError` (422) for values that are not finite. */
export function checkFinal(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  checkFinite(values, 'final');
  return values;
}

/**
 * The values so far with what a heartbeat reports; without a step it is the one after the last. A step that is reported again replaces
 * what was known of it, and with `dropsLater` what came after it too. Throws `InvalidInputError` (422) for values that are not finite.
 */
export function addIntermediate(
  before: readonly Intermediate[],
  reported: Reported,
  dropsLater = false,
): readonly Intermediate[] {
  const isFull = typeof reported['metrics'] === 'object';
  const metrics = (isFull ? reported['metrics'] : reported) as Readonly<Record<string, number>>;
  const step = isFull ? Number(reported['step']) : (before.at(-1)?.step ?? 0) + 1;
  const stderr = isFull ? (reported['stderr'] as Intermediate['stderr']) : undefined;
  checkFinite(metrics, 'intermediate');
  checkFinite(stderr ?? {}, 'intermediate.stderr');
  if (before.length >= MOST_STEPS) refuse('BAD_VALUE', 'intermediate', `at most ${MOST_STEPS} steps`);
  const others = before.filter((each) => (dropsLater ? each.step < step : each.step !== step));
  return [...others, { step, metrics, ...(stderr !== undefined && { stderr }) }].sort((a, b) => a.step - b.step);
}

/** Values by metric. Steps that count from 0 are moved to 1: a learning curve has no step 0. */
function curvesOf(intermediate: readonly Intermediate[]): TrialCurves {
  const shift = intermediate[0]?.step === 0 ? 1 : 0;
  const curves: Record<string, CurvePoint[]> = {};
  for (const { step, metrics, stderr = {} } of intermediate)
    for (const [name, value] of Object.entries(metrics)) {
      const error = stderr[name];
      curves[name] ??= [];
      curves[name].push({ step: step + shift, value, ...(error !== undefined && { stderr: error }) });
    }
  return curves;
}

/** The end of a trial's curve, on the scale of its steps. */
type HorizonOf = (params: Params) => number;

async function horizonOf({ record }: StudyState): Promise<HorizonOf> {
  const horizon = record.earlyStopping?.horizon ?? CAMPAIGN_HORIZON;
  if (typeof horizon === 'number') return () => horizon;
  return new ParamLanguage(record.parameters, await loadExpressionParser()).formula(horizon);
}

interface OtherCurves {
  readonly curves: ReadonlyMap<number, TrialCurves>;
  /** Those that go to their end. */
  readonly ended: ReadonlySet<number>;
}

const lastStep = (curves: TrialCurves): number =>
  Object.values(curves).reduce((most, curve) => Math.max(most, curve.at(-1)?.step ?? 0), 0);

/** The newest other trials with curves. */
function otherCurves(state: StudyState, self: number, horizon: HorizonOf): OtherCurves {
  const curves = new Map<number, TrialCurves>();
  for (let i = state.trials.length - 1; i >= 0 && curves.size < MOST_CURVES; i--) {
    const intermediate = state.trials[i]?.intermediate ?? [];
    if (i !== self && intermediate.length > 0) curves.set(i, curvesOf(intermediate));
  }
  const ended = [...curves].filter(([i, curve]) => lastStep(curve) >= horizon(state.trials[i]?.params ?? {}));
  // In order of trials, so that the verdict does not depend on how they were found.
  return { curves: new Map([...curves].reverse()), ended: new Set(ended.map(([i]) => i)) };
}

/** What the sampler expected when it chose the trial. */
function foretold({ why }: TrialRecord): ReadonlyMap<string, { predict(): { mean: number; sd: number } }> {
  return new Map(Object.entries(why.predicted ?? {}).map(([metric, stated]) => [metric, { predict: () => stated }]));
}

/** Null where the study does not stop trials early, the trial has reported nothing, or it is at its end. */
export async function judgeTrial(state: StudyState, trial: TrialRecord): Promise<EarlyStoppingVerdict | null> {
  const rule = state.record.earlyStopping;
  const intermediate = trial.intermediate ?? [];
  if (rule === undefined || intermediate.length === 0) return null;
  const horizonAt = await horizonOf(state);
  const horizon = horizonAt(trial.params);
  const curves = curvesOf(intermediate);
  const reached = lastStep(curves);
  const others = otherCurves(state, trial.number, horizonAt);
  const { threshold, minSteps, minCompleted } = rule;
  const verdict = judgeRunningTrial(
    await buildProblem(samplerTask(state.record)),
    state.observations,
    others.curves,
    {
      number: trial.number,
      params: trial.params,
      curves,
      horizon: Math.max(horizon, reached),
      ...(trial.final !== undefined && { finals: trial.final }),
    },
    {
      ended: others.ended,
      models: foretold(trial),
      ...(threshold !== undefined && { threshold }),
      ...(minSteps !== undefined && { minSteps }),
      ...(minCompleted !== undefined && { minCompleted }),
    },
  );
  return reached >= horizon ? { ...verdict, stop: false } : verdict;
}
