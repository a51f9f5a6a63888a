/** Telling: the result of a trial that was asked for, or a known result with its params. */
import { SpaceError } from '@tinypareto/optimizer';
import type { WireMetrics } from '../contract/metric.ts';
import type { TellBatchItem, TellRequest } from '../contract/requests.ts';
import type { ArtifactLink, TellState, WireTrial } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import { contentHash } from '../trial/content-hash.ts';
import { tellTrial as applyTell } from '../trial/tell.ts';
import { createTrial, type TrialRecord, toWireTrial } from '../trial/trial.ts';
import { isFinished } from '../trial/trial-state.ts';
import { judgeTrial } from './early-stopping.ts';
import { judge, readMetrics, withKnown } from './judge.ts';
import { attemptsAllowed } from './study.ts';
import type { NewEvent, StudyRegistry } from './study-registry.ts';
import { tryAgain } from './study-registry.ts';
import type { StudyState } from './study-state.ts';
import { settle } from './transition.ts';

/** Stores the new trial and, when this ends the study, the study's new state with it. */
async function commitTrial(
  registry: StudyRegistry,
  state: StudyState,
  trial: TrialRecord,
  event: NewEvent,
): Promise<void> {
  const stored = registry.commit(state, { trials: [trial], events: [event], durable: true });
  const next = settle(state, registry.clock.now());
  if (next === null) return stored;
  const settled = registry.commit(state, {
    record: next,
    events: [{ type: 'study.state', data: { state: next.state, reason: next.reason } }],
    durable: true,
  });
  await Promise.all([stored, settled]);
}

/** Whether samplers look at the metrics of such a trial. */
function teaches(state: TellState): boolean {
  return state === 'completed' || state === 'infeasible' || state === 'pruned';
}

/**
 * A trial that was stopped says what its curves foretell, as uncertain as that is: models learn from it. Told again, it says what it said
 * the first time.
 */
async function forecastOf({ state, trial }: { state: StudyState; trial: TrialRecord }): Promise<WireMetrics> {
  if (isFinished(trial.state)) return trial.metrics;
  const predicted = (await judgeTrial(state, trial))?.predicted ?? {};
  const final = Object.entries(trial.final ?? {}).map(([name, mean]) => [name, { mean }] as const);
  const foretold = Object.entries(predicted).map(([name, { mean, sd }]) => [name, { mean, stderr: sd }] as const);
  return Object.fromEntries([...final, ...foretold.filter(([, { mean, stderr }]) => Number.isFinite(mean + stderr))]);
}

/** Tells a trial. `artifacts` are files of the daemon's own evaluations. Resolves when the result is on disk. */
export async function tellTrial(
  registry: StudyRegistry,
  id: string,
  request: TellRequest,
  artifacts: readonly ArtifactLink[] = [],
): Promise<WireTrial> {
  const told = request.state ?? 'completed';
  const forecast = told === 'pruned' ? await forecastOf(await registry.trial(id)) : {};
  const { state, trial } = await registry.trial(id);
  const { record } = state;
  const given = readMetrics(request.metrics ?? {});
  const metrics = teaches(told) ? withKnown({ ...forecast, ...given }, state.known, trial.params) : given;
  const result = applyTell(
    trial,
    {
      fence: request.fence,
      state: told,
      reason: request.reason ?? null,
      userAttrs: request.userAttrs ?? {},
      retryable: request.retryable ?? true,
      artifacts,
      ...judge(told, metrics, record.objectives, state.constraints),
    },
    attemptsAllowed(record),
    registry.clock.now(),
    `trial ${id}`,
  );
  if (result.kind === 'replayed') {
    // What is repeated must be as safe as the first answer was.
    await state.stored;
    return { ...toWireTrial(record.id, state.trials[trial.number] ?? trial), replayed: true };
  }
  const type = result.kind === 'finished' ? 'trial.finished' : 'trial.requeued';
  await commitTrial(registry, state, result.trial, { type, trial: trial.number });
  return toWireTrial(record.id, state.trials[trial.number] ?? result.trial);
}

function checkParams(state: StudyState, params: TrialRecord['params']): TrialRecord['params'] {
  try {
    return state.space.validate(params);
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error;
    throw new UserError({ code: 'BAD_PARAMS', message: error.message, where: 'params', status: 422 });
  }
}

/** A known result becomes a finished trial outside the budget; exactly the same one again is answered as replayed. */
async function importTrial(
  registry: StudyRegistry,
  state: StudyState,
  item: Extract<TellBatchItem, { params: unknown }>,
): Promise<WireTrial> {
  if (state.isDropped) throw tryAgain();
  const { record } = state;
  const told = item.state ?? 'completed';
  const params = checkParams(state, item.params);
  const metrics = readMetrics(item.metrics ?? {});
  const reason = item.reason ?? null;
  const userAttrs = item.userAttrs ?? {};
  const hash = contentHash({ params, state: told, metrics, reason, userAttrs });
  const before = state.importedBefore(hash);
  if (before !== null) {
    await state.stored;
    return { ...toWireTrial(record.id, before), replayed: true };
  }
  const now = registry.clock.now();
  const trial: TrialRecord = {
    ...createTrial(state.trials.length, params, { origin: 'imported' }, now, told),
    ...judge(
      told,
      teaches(told) ? withKnown(metrics, state.known, params) : metrics,
      record.objectives,
      state.constraints,
    ),
    reason,
    userAttrs,
    told: { fence: 0, hash },
    isImported: true,
    finishedAt: now,
  };
  await commitTrial(registry, state, trial, { type: 'trial.finished', trial: trial.number });
  return toWireTrial(record.id, state.trials[trial.number] ?? trial);
}

/** One line of a batch. Throws as a single tell would. */
export async function tellItem(registry: StudyRegistry, state: StudyState, item: TellBatchItem): Promise<WireTrial> {
  if (!('trial' in item)) {
    if (state.record.state === 'cancelled' || state.record.state === 'archived')
      throw new UserError({
        code: 'STUDY_NOT_RUNNING',
        message: `study "${state.record.name}" is ${state.record.state}: it takes no results`,
        status: 409,
      });
    return importTrial(registry, state, item);
  }
  const { trial, ...request } = item;
  const found = await registry.trial(trial);
  if (found.state.record.id !== state.record.id)
    throw new UserError({ code: 'TRIAL_NOT_FOUND', message: `trial ${trial} is of another study`, status: 404 });
  return tellTrial(registry, trial, request);
}
