/** Leases: who may run a trial, and until when. */
import { type Attempt, currentAttempt, type TrialRecord } from './trial.ts';

export interface LeaseRequest {
  readonly fence: number;
  readonly clientId: string | null;
  readonly requestId: string | null;
  readonly leaseMs: number;
  readonly now: number;
  /** The attempt repeats the one before exactly, or goes on where it was: what that one reported stays true. */
  readonly keepsCurve?: boolean;
}

/** Starts the next attempt: the trial runs, under a new fence. */
export function leaseTrial(trial: TrialRecord, request: LeaseRequest): TrialRecord {
  const { fence, clientId, requestId, leaseMs, now, keepsCurve = false } = request;
  const attempt: Attempt = { fence, clientId, requestId, startedAt: now, leaseUntil: now + leaseMs, leaseMs };
  // A new attempt begins anew: what the one before reported says nothing about it.
  const { intermediate, final, ...rest } = trial;
  return {
    ...rest,
    ...(keepsCurve && intermediate !== undefined && { intermediate }),
    ...(keepsCurve && final !== undefined && { final }),
    state: 'running',
    attempts: [...trial.attempts, attempt],
    reason: null,
    progress: null,
    startedAt: trial.startedAt ?? now,
  };
}

/** The current attempt's lease starts again from `now`. */
export function extendLease(trial: TrialRecord, now: number, progress: number | null): TrialRecord {
  const last = currentAttempt(trial);
  if (last === null) return trial;
  return {
    ...trial,
    attempts: [...trial.attempts.slice(0, -1), { ...last, leaseUntil: now + last.leaseMs }],
    progress: progress ?? trial.progress,
  };
}

/** The attempt of this trial that was given `fence`. */
export function attemptOf(trial: TrialRecord, fence: number): Attempt | null {
  return trial.attempts.find((attempt) => attempt.fence === fence) ?? null;
}
