/** Asking: trials that wait or whose lease ran out first, then new ones from the sampler. */
import type { Suggestion, SuggestResult } from '@tinypareto/optimizer';
import type { AskRequest } from '../contract/requests.ts';
import type { StudyReason } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import { leaseTrial } from '../trial/lease.ts';
import { type Attempt, createTrial, type TrialRecord } from '../trial/trial.ts';
import { trialsLeft } from './budget.ts';
import { leasesAllowed, RUNNER_CLIENT } from './study.ts';
import type { NewEvent, StudyRegistry } from './study-registry.ts';
import { tryAgain } from './study-registry.ts';
import type { StudyState } from './study-state.ts';
import { aheadOf, withUnseen } from './suggest-view.ts';
import type { Suggester } from './suggester.ts';
import { moveStudy, settle } from './transition.ts';

const DEFAULT_LEASE_SECONDS = 300;
/** How often an ask starts again because points it was given were taken meanwhile. */
const MOST_ROUNDS = 5;

/** A refusal with the study's state, which the problem document repeats. */
export class StudyStateError extends UserError {
  readonly state: string;
  readonly reason: StudyReason | null;

  constructor(
    code: 'STUDY_NOT_RUNNING' | 'SPACE_EXHAUSTED',
    message: string,
    state: string,
    reason: StudyReason | null,
    hint: string,
  ) {
    super({ code, message, hint, status: 409, exitCode: 75 });
    this.state = state;
    this.reason = reason;
  }
}

export function notRunning(state: StudyState, reason = state.record.reason): StudyStateError {
  const { name, state: stateName } = state.record;
  const because = reason === null ? '' : ` (${reason})`;
  const hint =
    reason === 'budget'
      ? 'raise the budget with PATCH, then resume'
      : stateName === 'paused' || stateName === 'completed'
        ? 'resume the study'
        : 'clone the study to go on';
  return new StudyStateError(
    'STUDY_NOT_RUNNING',
    reason === 'budget' && stateName === 'running'
      ? `the budget of study "${name}" is spent`
      : `study "${name}" is ${stateName}${because}`,
    stateName,
    reason,
    hint,
  );
}

function exhausted(state: StudyState, why: string): StudyStateError {
  const { name, state: stateName } = state.record;
  return new StudyStateError(
    'SPACE_EXHAUSTED',
    `study "${name}" has nothing left to try: ${why}`,
    stateName,
    'exhausted',
    state.open > 0
      ? 'trials that are still running may be leased again'
      : 'the study is complete; widen the space in a clone to go on',
  );
}

export interface GivenTrial {
  readonly trial: TrialRecord;
  /** Whose fence is shown; absent = the current attempt's. */
  readonly attempt?: Attempt;
}

interface Answer {
  readonly given: readonly GivenTrial[];
  /** Resolves when what was given is stored. */
  readonly stored: Promise<void>;
}

/** The same request again: the same trials, with the fences they were given out under. */
function repeat(state: StudyState, clientId: string | null, requestId: string): readonly GivenTrial[] {
  return state.askedBefore(clientId, requestId).flatMap(({ number, fence }) => {
    const trial = state.trials[number];
    const attempt = trial?.attempts.find((each) => each.fence === fence);
    return trial === undefined || attempt === undefined ? [] : [{ trial, attempt }];
  });
}

/** Trials that were leased too often are given up: whoever runs them dies. */
function giveUp(trial: TrialRecord, now: number): TrialRecord {
  return {
    ...trial,
    state: 'failed',
    reason: `given up: ${trial.attempts.length} leases ran out without a result`,
    finishedAt: now,
  };
}

function checkRunning(state: StudyState): void {
  const { record } = state;
  if (record.state === 'completed' && record.reason === 'exhausted')
    throw exhausted(state, 'all of its space was tried');
  if (record.state !== 'running') throw notRunning(state);
}

function suggestionsNeeded(registry: StudyRegistry, state: StudyState, count: number): number {
  const ready = state.leasable(registry.clock.monotonic(), count).length;
  return Math.max(0, Math.min(count - ready, trialsLeft(state, registry.clock.now())));
}

type CountedRequest = AskRequest & { readonly count: number };

/** One attempt to answer; null = the points were taken meanwhile, or only trials to be given up were found: start again. */
async function answer(
  registry: StudyRegistry,
  suggester: Suggester,
  state: StudyState,
  request: CountedRequest,
): Promise<Answer | null> {
  const { count } = request;
  if (request.requestId !== undefined) {
    const given = repeat(state, request.clientId ?? null, request.requestId);
    if (given.length > 0) return { given, stored: state.stored };
  }
  checkRunning(state);
  const needed = suggestionsNeeded(registry, state, count);
  const number = state.trials.length;
  const found: SuggestResult =
    needed > 0 ? await suggester.suggest(state, needed) : { kind: 'suggestions', suggestions: [] };
  if (state.isDropped) throw tryAgain();
  checkRunning(state);
  if (found.suggestions.some(({ params }) => state.isTaken(params))) return null;
  // What is made ahead belongs to one place in the order of trials.
  if (aheadOf(state) > 0 && state.trials.length !== number) return null;
  const suggestions = withUnseen(state, found.suggestions).slice(0, trialsLeft(state, registry.clock.now()));
  const { leased, lost } = give(registry, state, suggestions, request);
  if (leased.length + lost.length === 0) return refuse(registry, state, found);
  const known = state.trials.length;
  const stored = registry.commit(state, {
    trials: [...lost, ...leased],
    events: [
      ...lost.map(({ number }): NewEvent => ({ type: 'trial.finished', trial: number })),
      ...leased.map(
        ({ number }): NewEvent => ({ type: number < known ? 'trial.leased' : 'trial.created', trial: number }),
      ),
    ],
    durable: false,
  });
  if (leased.length > 0) return { given: leased.map((trial) => ({ trial })), stored };
  await stored;
  return null;
}

/** Waiting trials and expired leases first, then the suggestions, each under a new fence. */
function give(
  registry: StudyRegistry,
  state: StudyState,
  suggestions: readonly Suggestion[],
  request: CountedRequest,
): { readonly leased: readonly TrialRecord[]; readonly lost: readonly TrialRecord[] } {
  const { count, clientId = null, requestId = null, leaseSeconds = DEFAULT_LEASE_SECONDS } = request;
  const now = registry.clock.now();
  const leaseMs = leaseSeconds * 1000;
  const lease = (trial: TrialRecord): TrialRecord =>
    leaseTrial(trial, {
      fence: state.nextFence(),
      clientId,
      requestId,
      leaseMs,
      now,
      keepsCurve: clientId === RUNNER_CLIENT,
    });
  const ready = state.leasable(registry.clock.monotonic(), count - suggestions.length);
  const old = ready.flatMap((number) => state.trials[number] ?? []);
  const isLost = (trial: TrialRecord): boolean =>
    trial.state === 'running' && trial.attempts.length >= leasesAllowed(state.record);
  const fresh = suggestions.map(({ params, why }, i) => createTrial(state.trials.length + i, params, why, now));
  return {
    leased: [...old.filter((trial) => !isLost(trial)), ...fresh].map(lease),
    lost: old.filter(isLost).map((trial) => giveUp(trial, now)),
  };
}

/** Nothing can be given out: says why, and completes the study when nothing is running either. */
async function refuse(registry: StudyRegistry, state: StudyState, found: SuggestResult): Promise<never> {
  const now = registry.clock.now();
  const isSpent = trialsLeft(state, now) === 0;
  // The last running trial then completes the study when it is told.
  if (found.kind === 'exhausted' && found.suggestions.length === 0) state.hasNothingLeft = true;
  const done = isSpent
    ? settle(state, now)
    : state.open === 0
      ? moveStudy(state.record, 'completed', 'exhausted', now)
      : null;
  if (done !== null)
    await registry.commit(state, {
      record: done,
      events: [{ type: 'study.state', data: { state: done.state, reason: done.reason } }],
      durable: true,
    });
  if (isSpent) throw notRunning(state, 'budget');
  throw exhausted(state, found.kind === 'exhausted' ? found.reason : 'the sampler has no further point');
}

/**
 * Gives out up to `count` trials, each under a lease; resolves when that is stored. Throws `StudyStateError` when there is none
 * to give. Asks of one study are answered one after another, because each suggestion must see the one before as pending.
 */
export async function askTrials(
  registry: StudyRegistry,
  suggester: Suggester,
  ref: string,
  request: AskRequest,
): Promise<{ readonly studyId: string; readonly given: readonly GivenTrial[] }> {
  const studyId = (await registry.state(ref)).record.id;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const state = await registry.state(studyId);
    const { count = state.record.sampler.batch ?? 1 } = request;
    const turn = state.asking.then(() => answer(registry, suggester, state, { ...request, count }));
    state.asking = turn.catch(() => {});
    const found = await turn;
    if (found === null) continue;
    await found.stored;
    return { studyId, given: found.given };
  }
  throw tryAgain();
}
