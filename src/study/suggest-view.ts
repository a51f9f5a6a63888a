/**
 * What a sampler may know when it makes a point. With `sampler.ahead` = a, the point of an ask is made from the results that were
 * there a asks before it; trials told since then look as if they still ran. The line is drawn by the order of events that is stored with
 * the trials, never by a clock: the same asks and tells in the same order give the same points, however long anything takes.
 */
import type { ObservedTrial, Params, Suggestion } from '@tinypareto/optimizer';
import type { TrialRecord } from '../trial/trial.ts';
import type { StudyState } from './study-state.ts';

/** Asks between what a point was made from and its own. */
export function aheadOf({ record }: StudyState): number {
  return record.sampler.ahead ?? 0;
}

/**
 * The event after which nothing is known: the creation of the trial `back` asks ago. Known results that were imported are no asks.
 * Infinity: everything is known.
 */
function horizon(trials: readonly TrialRecord[], back: number): number {
  if (back <= 0) return Number.POSITIVE_INFINITY;
  let left = back;
  for (let i = trials.length - 1; i >= 0; i--) {
    const trial = trials[i];
    if (trial === undefined || trial.isImported) continue;
    left--;
    if (left === 0) return trial.createdSeq ?? Number.POSITIVE_INFINITY;
  }
  return Number.NEGATIVE_INFINITY;
}

function isUnseen({ isImported, finishedSeq }: TrialRecord, last: number): boolean {
  return !isImported && finishedSeq !== null && finishedSeq > last;
}

const pending = (number: number, params: Params): ObservedTrial => ({ number, state: 'pending', params, metrics: {} });

/** The trials as the next ask but `before.length` sees them; `before` are the points of the asks before it. */
export function viewOf(state: StudyState, before: readonly Params[]): ObservedTrial[] {
  const { trials, observations } = state;
  const ahead = aheadOf(state);
  const last = horizon(trials, ahead === 0 ? 0 : ahead - before.length);
  return [
    ...observations.map((seen, number) => {
      const trial = trials[number];
      return trial !== undefined && isUnseen(trial, last) ? pending(number, trial.params) : seen;
    }),
    ...before.map((params, i) => pending(trials.length + i, params)),
  ];
}

/** Whether two views of one study say the same. */
export function isSameView(state: StudyState, a: readonly ObservedTrial[], b: readonly ObservedTrial[]): boolean {
  const isSame = (one: ObservedTrial, other: ObservedTrial | undefined): boolean =>
    one === other ||
    (one.state === 'pending' && other?.state === 'pending' && state.cellOf(one.params) === state.cellOf(other.params));
  return a.length === b.length && a.every((one, number) => isSame(one, b[number]));
}

/** The suggestions of one ask, each with the trials whose results were there but too late for it. */
export function withUnseen(state: StudyState, suggestions: readonly Suggestion[]) {
  const ahead = aheadOf(state);
  return suggestions.map(({ params, why }, i) => {
    const last = horizon(state.trials, ahead === 0 ? 0 : ahead - i);
    const unseen = state.trials.filter((trial) => isUnseen(trial, last)).map(({ number }) => number);
    return { params, why: why.acquisition === undefined || unseen.length === 0 ? why : { ...why, unseen } };
  });
}
