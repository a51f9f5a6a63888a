/**
 * A study in memory: its trials and everything that is derived from them, kept up to date change by change. It is a cache of
 * the store: when a change could not be stored, the whole state is dropped and read again.
 */
import type { KnownMetric, ObservedTrial, OutcomeConstraint, SearchSpace } from '@tinypareto/optimizer';
import type { TrialCounts } from '../contract/study.ts';
import type { TrialState } from '../contract/trial.ts';
import type { Clock } from '../trial/clock.ts';
import { type Attempt, currentAttempt, type TrialRecord } from '../trial/trial.ts';
import { Front } from './front.ts';
import { observe } from './observations.ts';
import { RUNNER_CLIENT, type StudyRecord } from './study.ts';
import { compileRules, type StudyRules } from './study-rules.ts';

interface AskedTrial {
  readonly number: number;
  readonly fence: number;
}

export class StudyState {
  record: StudyRecord;
  space: SearchSpace;
  readonly trials: TrialRecord[] = [];
  readonly observations: ObservedTrial[] = [];
  /** Grows with every change that a sampler would see. */
  version = 0;
  /** True once a change was lost: this object no longer tells the truth. */
  isDropped = false;
  /** The sampler has said so; until the rules change. */
  hasNothingLeft = false;
  /** Resolves when everything that has been applied is stored. */
  stored: Promise<void> = Promise.resolve();
  /** Asks are answered one after another: each must see the one before as pending. */
  asking: Promise<unknown> = Promise.resolve();
  constraints: readonly OutcomeConstraint[];
  /** Metrics that are exact formulas of the params. */
  readonly known: ReadonlyMap<string, KnownMetric>;
  front: Front;
  readonly #counts: Record<TrialState, number> = {
    waiting: 0,
    running: 0,
    completed: 0,
    infeasible: 0,
    failed: 0,
    pruned: 0,
    abandoned: 0,
  };
  readonly #waiting = new Set<number>();
  /** Number of a running trial -> monotonic time at which its lease ends. */
  readonly #deadlines = new Map<number, number>();
  readonly #asked = new Map<string, AskedTrial[]>();
  readonly #imported = new Map<string, number>();
  readonly #cells = new Map<string, number>();
  #imports = 0;
  #lastFence = 0;

  private constructor(record: StudyRecord, rules: StudyRules) {
    this.record = record;
    this.constraints = rules.constraints;
    this.space = rules.space;
    this.known = rules.known;
    this.front = new Front(record.objectives);
  }

  /** `clock` is the time from which leases that are still held are counted: the daemon's start, when the study is first opened. */
  static async load(record: StudyRecord, trials: readonly TrialRecord[], clock: Clock): Promise<StudyState> {
    const state = new StudyState(record, await compileRules(record));
    for (const trial of trials) state.apply(trial, clock, true);
    state.rebuildFront();
    return state;
  }

  get counts(): TrialCounts {
    return { ...this.#counts, total: this.trials.length };
  }

  /** Trials that the budget pays for: all but those that were told together with their params. */
  get spent(): number {
    return this.trials.length - this.#imports;
  }

  /** Trials that are not finished. */
  get open(): number {
    return this.#counts.waiting + this.#counts.running;
  }

  nextFence(): number {
    this.#lastFence++;
    return this.#lastFence;
  }

  /** Replaces or adds a trial. While loading, finished trials are put on the front afterwards, in the order they finished. */
  apply(trial: TrialRecord, clock: Clock, isLoading = false): void {
    const before = this.trials[trial.number];
    if (before !== undefined) this.#counts[before.state]--;
    this.#counts[trial.state]++;
    this.trials[trial.number] = trial;
    if (before === undefined) this.#addNew(trial);
    const seen = this.observations[trial.number];
    if (seen === undefined || before?.state !== trial.state || before.metrics !== trial.metrics) {
      this.observations[trial.number] = observe(trial);
      this.version++;
    }
    this.#waiting.delete(trial.number);
    if (trial.state === 'waiting') this.#waiting.add(trial.number);
    this.#trackLease(trial, clock, isLoading);
    if (!isLoading && before?.state !== trial.state) this.front.add(trial);
  }

  #addNew(trial: TrialRecord): void {
    if (trial.isImported) {
      this.#imports++;
      if (trial.told !== null) this.#imported.set(trial.told.hash, trial.number);
    }
    const cell = this.cellOf(trial.params);
    if (cell !== null) this.#cells.set(cell, trial.number);
    for (const attempt of trial.attempts) this.#trackAttempt(trial.number, attempt);
  }

  #trackAttempt(number: number, attempt: Attempt): void {
    this.#lastFence = Math.max(this.#lastFence, attempt.fence);
    if (attempt.requestId === null) return;
    const key = requestKey(attempt.clientId, attempt.requestId);
    const asked = this.#asked.get(key) ?? [];
    if (!asked.some((other) => other.fence === attempt.fence)) asked.push({ number, fence: attempt.fence });
    this.#asked.set(key, asked);
  }

  #trackLease(trial: TrialRecord, clock: Clock, isLoading: boolean): void {
    const attempt = trial.state === 'running' ? currentAttempt(trial) : null;
    if (attempt === null) {
      this.#deadlines.delete(trial.number);
      return;
    }
    this.#trackAttempt(trial.number, attempt);
    // After a restart the wall clock says what is left, within the bounds of the lease, should it have jumped. What this
    // daemon's own runner held ended with the process: the lock of the data folder says that no other one is alive.
    const isOrphan = isLoading && attempt.clientId === RUNNER_CLIENT;
    const rest = Math.min(Math.max(attempt.leaseUntil - clock.now(), 0), attempt.leaseMs);
    const left = isOrphan ? 0 : isLoading ? rest : attempt.leaseMs;
    this.#deadlines.set(trial.number, clock.monotonic() + left);
  }

  /** The front and hypervolume anew from all trials, in the order in which they finished. */
  rebuildFront(): void {
    this.front = new Front(this.record.objectives);
    const finished = this.trials.filter((trial) => trial.finishedSeq !== null);
    finished.sort((a, b) => (a.finishedSeq ?? 0) - (b.finishedSeq ?? 0) || a.number - b.number);
    for (const trial of finished) this.front.add(trial);
  }

  /** Trials that can be given to an asker without a new suggestion: waiting ones and those whose lease ran out, by number. */
  leasable(monotonic: number, most: number): readonly number[] {
    const numbers = [...this.#waiting];
    for (const [number, deadline] of this.#deadlines) if (deadline <= monotonic) numbers.push(number);
    return numbers.sort((a, b) => a - b).slice(0, most);
  }

  isLeaseOver(number: number, monotonic: number): boolean {
    return (this.#deadlines.get(number) ?? Number.NEGATIVE_INFINITY) <= monotonic;
  }

  /** The trials that were given out under this request, with the fences they were given out under. */
  askedBefore(clientId: string | null, requestId: string): readonly AskedTrial[] {
    return this.#asked.get(requestKey(clientId, requestId)) ?? [];
  }

  /** The trial that was imported with exactly this content. */
  importedBefore(hash: string): TrialRecord | null {
    const number = this.#imported.get(hash);
    return number === undefined ? null : (this.trials[number] ?? null);
  }

  /** Whether some trial, in whatever state, has this point. */
  isTaken(params: TrialRecord['params']): boolean {
    const cell = this.cellOf(params);
    return cell !== null && this.#cells.has(cell);
  }

  /** Whether a finite space has no cell left, by count or because the sampler found none: what is tried is never free again. */
  get isSpaceFull(): boolean {
    return this.hasNothingLeft || this.#cells.size >= this.space.cellCount;
  }

  /** Null for the params of another space (imported with a looser definition). */
  cellOf(params: TrialRecord['params']): string | null {
    try {
      return this.space.cellKey(params);
    } catch {
      return null;
    }
  }
}

function requestKey(clientId: string | null, requestId: string): string {
  return JSON.stringify([clientId, requestId]);
}
