/**
 * Pause: no new trials. Resume. Stop: no new trials, running ones finish, then completed. Cancel: running trials are abandoned.
 * Archive: out of sight. A verb that changes nothing is answered like one that did.
 */
import type { StudyState as StateName } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import { isFinished } from '../trial/trial-state.ts';
import { reasonToStop } from './budget.ts';
import type { NewEvent, StudyRegistry } from './study-registry.ts';
import type { StudyState } from './study-state.ts';
import { moveStudy } from './transition.ts';

export const VERBS = ['pause', 'resume', 'stop', 'cancel', 'archive'] as const;
export type Verb = (typeof VERBS)[number];

const FROM: Readonly<Record<Verb, readonly StateName[]>> = {
  pause: ['running'],
  resume: ['paused', 'stopping', 'completed'],
  stop: ['running', 'paused'],
  cancel: ['running', 'paused', 'stopping'],
  archive: ['paused', 'completed', 'cancelled'],
};

const ALREADY: Readonly<Record<Verb, readonly StateName[]>> = {
  pause: ['paused'],
  resume: ['running'],
  stop: ['stopping', 'completed'],
  cancel: ['cancelled'],
  archive: ['archived'],
};

function refuse(state: StudyState, verb: Verb): never {
  const { name, state: from } = state.record;
  const hints: Readonly<Record<Verb, string>> = {
    pause: 'only a running study can be paused',
    resume: 'clone the study to go on',
    stop: 'only a running or paused study can be stopped',
    cancel: 'the study is over',
    archive: 'pause, stop or cancel it first',
  };
  throw new UserError({
    code: 'ILLEGAL_MOVE',
    message: `cannot ${verb} study "${name}": it is ${from}`,
    hint: hints[verb],
    status: 409,
  });
}

function target(state: StudyState, verb: Verb): StateName {
  switch (verb) {
    case 'pause':
      return 'paused';
    case 'resume':
      return 'running';
    case 'stop':
      return state.open === 0 ? 'completed' : 'stopping';
    case 'cancel':
      return 'cancelled';
    case 'archive':
      return 'archived';
  }
}

/** Trials that the verb ends: cancelling abandons all open ones, stopping those that nobody has begun. */
function endedBy(state: StudyState, verb: Verb, now: number) {
  if (verb !== 'cancel' && verb !== 'stop') return [];
  return state.trials
    .filter((trial) => !isFinished(trial.state) && (verb === 'cancel' || trial.state === 'waiting'))
    .map((trial) => ({
      ...trial,
      state: 'abandoned' as const,
      told: null,
      reason: verb === 'cancel' ? 'the study was cancelled' : 'the study was stopped',
      finishedAt: now,
    }));
}

/** Throws `UserError` ILLEGAL_MOVE (409) where the verb makes no sense. */
export async function applyVerb(registry: StudyRegistry, ref: string, verb: Verb): Promise<StudyState> {
  const state = await registry.state(ref);
  const { record } = state;
  if (ALREADY[verb].includes(record.state)) {
    await state.stored;
    return state;
  }
  if (!FROM[verb].includes(record.state)) refuse(state, verb);
  const now = registry.clock.now();
  // Trials that were handed out before a pause are still to be finished.
  if (verb === 'resume' && state.open === 0) {
    const spent = reasonToStop(state, now);
    if (spent === 'budget' || spent === 'exhausted')
      throw new UserError({
        code: 'STUDY_NOT_RUNNING',
        message: `study "${record.name}" cannot go on: ${spent === 'budget' ? 'its budget is spent' : 'its space is used up'}`,
        hint: spent === 'budget' ? 'raise the budget with PATCH first' : 'clone it with a wider space',
        status: 409,
      });
  }
  const trials = endedBy(state, verb, now);
  if (trials.length > 0)
    void registry
      .commit(state, {
        trials,
        events: trials.map(({ number }): NewEvent => ({ type: 'trial.finished', trial: number })),
        durable: true,
      })
      .catch(() => {});
  const next = moveStudy(state.record, target(state, verb), verb === 'resume' ? null : 'user', now);
  await registry.commit(state, {
    record: next,
    events: [{ type: 'study.state', data: { state: next.state, reason: next.reason } }],
    durable: true,
  });
  return state;
}
