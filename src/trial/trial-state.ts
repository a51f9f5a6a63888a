/** The states of a trial and the legal moves between them. */
import type { TrialState } from '../contract/trial.ts';

const FINISHED: ReadonlySet<TrialState> = new Set(['completed', 'infeasible', 'failed', 'pruned', 'abandoned']);

const MOVES: Readonly<Record<TrialState, readonly TrialState[]>> = {
  waiting: ['running', 'completed', 'infeasible', 'failed', 'pruned', 'abandoned'],
  // running -> running is a new attempt after an expired lease; running -> waiting a failure that will be retried.
  running: ['running', 'waiting', 'completed', 'infeasible', 'failed', 'pruned', 'abandoned'],
  completed: [],
  infeasible: [],
  failed: [],
  pruned: [],
  // A trial that was abandoned from outside (its study was cancelled) still takes the result of work that was done.
  abandoned: ['completed', 'infeasible', 'failed', 'pruned', 'abandoned'],
};

export function isFinished(state: TrialState): boolean {
  return FINISHED.has(state);
}

export function canMove(from: TrialState, to: TrialState): boolean {
  return MOVES[from].includes(to);
}
