/**
 * What a tell does to a trial. The rules (README, "Telling"): the same tell again changes nothing and is answered as replayed;
 * a different one for a finished trial is refused; one under an old fence counts unless a newer attempt has told.
 */
import type { WireMetrics } from '../contract/metric.ts';
import type { ArtifactLink, TellState } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import { contentHash } from './content-hash.ts';
import { attemptOf } from './lease.ts';
import { currentAttempt, type TrialRecord } from './trial.ts';
import { isFinished } from './trial-state.ts';

export interface Tell {
  readonly fence: number;
  readonly state: TellState;
  readonly metrics: WireMetrics;
  readonly reason: string | null;
  readonly userAttrs: Readonly<Record<string, unknown>>;
  /** Whether a failure may be tried again. */
  readonly retryable: boolean;
  readonly artifacts: readonly ArtifactLink[];
  readonly feasible: boolean | null;
  readonly violations: Readonly<Record<string, number>>;
}

export type TellResult =
  | { readonly kind: 'replayed' }
  /** Failed, and goes back to the queue. */
  | { readonly kind: 'requeued'; readonly trial: TrialRecord }
  | { readonly kind: 'finished'; readonly trial: TrialRecord };

function refuse(code: 'LEASE_LOST' | 'TRIAL_ALREADY_TOLD', message: string, hint: string): never {
  throw new UserError({ code, message, hint, status: code === 'LEASE_LOST' ? 410 : 409 });
}

/** Hash of what was told, whoever told it. Artifacts are part of it: another file is another result. */
export function tellHash(tell: Tell): string {
  const { state, metrics, reason, userAttrs, artifacts } = tell;
  return contentHash({ state, metrics, reason, userAttrs, artifacts });
}

/** Whether a person or the study, not a teller, ended the trial. */
function wasAbandonedFromOutside(trial: TrialRecord): boolean {
  return trial.state === 'abandoned' && (trial.told === null || trial.told.hash === '');
}

/** `label` names the trial in messages. Throws `UserError` LEASE_LOST (410) or TRIAL_ALREADY_TOLD (409). */
export function tellTrial(trial: TrialRecord, tell: Tell, maxAttempts: number, now: number, label: string): TellResult {
  const hash = tellHash(tell);
  const attempt = attemptOf(trial, tell.fence);
  if (attempt === null)
    refuse(
      'LEASE_LOST',
      `fence ${tell.fence} is not one of ${label}`,
      'ask again, and tell with the fence of the answer',
    );
  const { told } = trial;
  if (told !== null && told.fence === tell.fence && told.hash === hash) return { kind: 'replayed' };
  if (isFinished(trial.state) && !wasAbandonedFromOutside(trial)) {
    if (told !== null && tell.fence < told.fence)
      refuse('LEASE_LOST', `a newer attempt has told ${label} already`, 'nothing to do: the trial has a result');
    if (told !== null && told.hash === hash) return { kind: 'replayed' };
    refuse(
      'TRIAL_ALREADY_TOLD',
      `${label} is ${trial.state} and was told something else`,
      'a result cannot be changed',
    );
  }
  if (told !== null && told.fence > tell.fence)
    refuse('LEASE_LOST', `a newer attempt has told ${label} already`, 'nothing to do: the trial will be tried again');
  const next: TrialRecord = {
    ...trial,
    state: tell.state,
    told: { fence: tell.fence, hash },
    metrics: tell.metrics,
    violations: tell.violations,
    feasible: tell.feasible,
    reason: tell.reason,
    userAttrs: tell.userAttrs,
    artifacts: tell.artifacts,
    progress: null,
    finishedAt: now,
  };
  if (tell.state !== 'failed') return { kind: 'finished', trial: next };
  // The failure of an old attempt says nothing about the one that is running now.
  const isCurrent = currentAttempt(trial)?.fence === tell.fence;
  if (trial.state === 'running' && !isCurrent) return { kind: 'requeued', trial: { ...trial, told: next.told } };
  if (!tell.retryable || trial.attempts.length >= maxAttempts || trial.state === 'abandoned')
    return { kind: 'finished', trial: next };
  return {
    kind: 'requeued',
    trial: { ...trial, state: 'waiting', told: next.told, reason: tell.reason, progress: null },
  };
}
