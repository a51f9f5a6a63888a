/**
 * Whether a running trial is still wanted, from the intermediate values that its heartbeats report: it is told to stop when the chance
 * that it still improves the front is small. Only for studies that ask for it.
 */
import { type EarlyStoppingVerdict, judgeRunningTrial, type TrialCurves } from '@tinypareto/optimizer';
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

type Reported = NonNullable<HeartbeatRequest['intermediate']>;

/**
 * The values so far with what a heartbeat reports; without a step it is the one after the last. A step that is reported again replaces
 * what was known of it. Throws `InvalidInputError` (422) for values that are not finite.
 */
export function addIntermediate(before: readonly Intermediate[], reported: Reported): readonly Intermediate[] {
  const isFull = typeof reported['metrics'] === 'object';
  const metrics = (isFull ? reported['metrics'] : reported) as Readonly<Record<string, number>>;
  const step = isFull ? Number(reported['step']) : (before.at(-1)?.step ?? 0) + 1;
  const bad = Object.keys(metrics).find((name) => !Number.isFinite(metrics[name]));
  if (bad !== undefined || before.length >= MOST_STEPS)
    throw new InvalidInputError(
      [
        bad === undefined
          ? { code: 'BAD_VALUE', where: 'intermediate', message: `intermediate: at most ${MOST_STEPS} steps` }
          : {
              code: 'BAD_METRIC',
              where: `intermediate.${bad}`,
              message: `intermediate.${bad}: expected a finite number`,
            },
      ],
      422,
    );
  const others = before.filter((each) => each.step !== step);
  return [...others, { step, metrics }].sort((a, b) => a.step - b.step);
}

/** Values by metric. Steps that count from 0 are moved to 1: a learning curve has no step 0. */
function curvesOf(intermediate: readonly Intermediate[]): TrialCurves {
  const shift = intermediate[0]?.step === 0 ? 1 : 0;
  const curves: Record<string, { step: number; value: number }[]> = {};
  for (const { step, metrics } of intermediate)
    for (const [name, value] of Object.entries(metrics)) {
      curves[name] ??= [];
      curves[name].push({ step: step + shift, value });
    }
  return curves;
}

async function horizonOf(state: StudyState, trial: TrialRecord, horizon: number | string): Promise<number> {
  if (typeof horizon === 'number') return horizon;
  const language = new ParamLanguage(state.record.parameters, await loadExpressionParser());
  return language.formula(horizon)(trial.params);
}

/** The newest other trials with curves. */
function otherCurves(state: StudyState, self: number): Map<number, TrialCurves> {
  const curves = new Map<number, TrialCurves>();
  for (let i = state.trials.length - 1; i >= 0 && curves.size < MOST_CURVES; i--) {
    const intermediate = state.trials[i]?.intermediate ?? [];
    if (i !== self && intermediate.length > 0) curves.set(i, curvesOf(intermediate));
  }
  // In order of trials, so that the verdict does not depend on how they were found.
  return new Map([...curves].reverse());
}

/** Null where the study does not stop trials early, the trial has reported nothing, or it is at its end. */
export async function judgeTrial(state: StudyState, trial: TrialRecord): Promise<EarlyStoppingVerdict | null> {
  const rule = state.record.earlyStopping;
  const intermediate = trial.intermediate ?? [];
  if (rule === undefined || intermediate.length === 0) return null;
  const horizon = await horizonOf(state, trial, rule.horizon);
  const curves = curvesOf(intermediate);
  const reached = Object.values(curves).reduce((most, curve) => Math.max(most, curve.at(-1)?.step ?? 0), 0);
  const { threshold, minSteps, minCompleted } = rule;
  const verdict = judgeRunningTrial(
    await buildProblem(samplerTask(state.record)),
    state.observations,
    otherCurves(state, trial.number),
    { number: trial.number, params: trial.params, curves, horizon: Math.max(horizon, reached) },
    {
      ...(threshold !== undefined && { threshold }),
      ...(minSteps !== undefined && { minSteps }),
      ...(minCompleted !== undefined && { minCompleted }),
    },
  );
  return reached >= horizon ? { ...verdict, stop: false } : verdict;
}
