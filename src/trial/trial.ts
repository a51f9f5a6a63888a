/**
 * A trial as the daemon keeps it. Records are never changed in place: every change makes a new record, so that a change that
 * could not be stored is undone by keeping the old one.
 */
import type { WireMetrics } from '../contract/metric.ts';
import type { WireParams } from '../contract/parameter.ts';
import type { ArtifactLink, TrialState, Why, WireTrial } from '../contract/trial.ts';

/** One try at running a trial. The last one holds the lease. */
export interface Attempt {
  /** Grows with every lease given in the study; names this attempt towards the teller. */
  readonly fence: number;
  readonly clientId: string | null;
  readonly requestId: string | null;
  /** Epoch milliseconds, for people. */
  readonly startedAt: number;
  readonly leaseUntil: number;
  readonly leaseMs: number;
}

/** The tell that ended the trial, or the last one that sent it back to be retried. */
export interface Told {
  readonly fence: number;
  readonly hash: string;
}

/** What a running trial has reported after a step (an epoch, say). */
export interface Intermediate {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly stderr?: Readonly<Record<string, number>>;
}

export interface TrialRecord {
  readonly number: number;
  readonly state: TrialState;
  readonly params: WireParams;
  readonly why: Why;
  readonly attempts: readonly Attempt[];
  readonly told: Told | null;
  readonly metrics: WireMetrics;
  /** Constraint as written -> violation. */
  readonly violations: Readonly<Record<string, number>>;
  readonly feasible: boolean | null;
  readonly reason: string | null;
  readonly userAttrs: Readonly<Record<string, unknown>>;
  readonly progress: number | null;
  /** Of the attempt that reported last, by step. */
  readonly intermediate?: readonly Intermediate[];
  /** Metrics that a running trial knows for good already. */
  readonly final?: Readonly<Record<string, number>>;
  readonly artifacts: readonly ArtifactLink[];
  /** Told together with its params: no attempt of this study's budget. */
  readonly isImported: boolean;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Sequence numbers of the events that say so: the order in which trials were made and finished. */
  readonly createdSeq?: number;
  readonly finishedSeq: number | null;
}

const time = (ms: number): string => new Date(ms).toISOString();

/** `tr_<study key>_<number>`: the study is found from the id alone. */
export function trialId(studyId: string, number: number): string {
  return `tr_${studyId.slice('st_'.length)}_${number}`;
}

/** The study and number in a trial's id; null where it cannot be one. */
export function parseTrialId(id: string): { readonly studyId: string; readonly number: number } | null {
  const match = /^tr_([0-9a-z]{8,32})_(0|[1-9][0-9]{0,9})$/.exec(id);
  return match === null ? null : { studyId: `st_${match[1]}`, number: Number(match[2]) };
}

/** The lease that the trial is under; null before the first. */
export function currentAttempt(trial: TrialRecord): Attempt | null {
  return trial.attempts.at(-1) ?? null;
}

export function createTrial(
  number: number,
  params: WireParams,
  why: Why,
  createdAt: number,
  state: TrialState = 'waiting',
): TrialRecord {
  return {
    number,
    state,
    params,
    why,
    attempts: [],
    told: null,
    metrics: {},
    violations: {},
    feasible: null,
    reason: null,
    userAttrs: {},
    progress: null,
    artifacts: [],
    isImported: false,
    createdAt,
    startedAt: null,
    finishedAt: null,
    finishedSeq: null,
  };
}

/** The trial as clients see it; `attempt` selects whose fence is shown (the current one unless given). */
export function toWireTrial(studyId: string, trial: TrialRecord, attempt?: Attempt): WireTrial {
  const shown = attempt ?? currentAttempt(trial);
  return {
    id: trialId(studyId, trial.number),
    study: studyId,
    number: trial.number,
    state: trial.state,
    params: trial.params,
    attempt: attempt === undefined ? trial.attempts.length : trial.attempts.indexOf(attempt) + 1,
    fence: shown?.fence ?? null,
    leaseUntil: trial.state === 'running' && shown !== null ? time(shown.leaseUntil) : null,
    why: trial.why,
    metrics: trial.metrics as WireTrial['metrics'],
    feasible: trial.feasible,
    constraints: trial.violations,
    reason: trial.reason,
    userAttrs: trial.userAttrs,
    progress: trial.progress,
    ...(trial.intermediate !== undefined && {
      intermediate: trial.intermediate.map(({ step, metrics, stderr }) => ({
        step,
        metrics: { ...metrics },
        ...(stderr !== undefined && { stderr: { ...stderr } }),
      })),
    }),
    artifacts: [...trial.artifacts],
    createdAt: time(trial.createdAt),
    startedAt: trial.startedAt === null ? null : time(trial.startedAt),
    finishedAt: trial.finishedAt === null ? null : time(trial.finishedAt),
  };
}
