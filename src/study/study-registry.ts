/**
 * The studies of this daemon: opens them from the store when they are first needed, applies changes and stores them. A change
 * is visible at once and acknowledged when stored; if it cannot be stored, the study is read again and the caller hears why.
 */
import type { EventType } from '../contract/event.ts';
import { UserError } from '../errors.ts';
import type { StoredDocument, StoredEvent, TrialStore } from '../store/trial-store.ts';
import type { Clock } from '../trial/clock.ts';
import { parseTrialId, type TrialRecord, trialId } from '../trial/trial.ts';
import type { EventFeed } from './event-feed.ts';
import { activeMs, decodeStudy, encodeStudy, type StudyRecord } from './study.ts';
import { StudyState } from './study-state.ts';

/** How often it is tried whether the disk takes writes again. */
const PROBE_MS = 1000;

export interface NewEvent {
  readonly type: EventType;
  readonly trial?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Change {
  readonly record?: StudyRecord;
  readonly trials?: readonly TrialRecord[];
  readonly events: readonly NewEvent[];
  readonly documents?: readonly StoredDocument[];
  readonly durable: boolean;
}

export function studyNotFound(ref: string): UserError {
  return new UserError({ code: 'STUDY_NOT_FOUND', message: `there is no study "${ref}"`, status: 404, exitCode: 66 });
}

function trialNotFound(id: string): UserError {
  return new UserError({ code: 'TRIAL_NOT_FOUND', message: `there is no trial "${id}"`, status: 404, exitCode: 66 });
}

export class StudyRegistry {
  readonly clock: Clock;
  readonly feed: EventFeed;
  readonly store: TrialStore;
  readonly #records = new Map<string, StudyRecord>();
  readonly #names = new Map<string, string>();
  readonly #open = new Map<string, Promise<StudyState>>();
  readonly #live = new Map<string, StudyState>();
  /** Studies that were opened since the start. */
  readonly #opened = new Set<string>();
  readonly #start: Clock;
  #lastSeq = 0;
  #probe: NodeJS.Timeout | null = null;
  #isDiskFull = false;
  #isClosed = false;

  private constructor(store: TrialStore, clock: Clock, feed: EventFeed) {
    this.store = store;
    this.clock = clock;
    this.feed = feed;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    this.#start = { now: () => now, monotonic: () => monotonic };
  }

  static async open(store: TrialStore, clock: Clock, feed: EventFeed): Promise<StudyRegistry> {
    const registry = new StudyRegistry(store, clock, feed);
    registry.#lastSeq = await store.lastSeq();
    for (const stored of await store.studies()) registry.#remember(registry.#continued(decodeStudy(stored)));
    store.onLost((studies) => registry.#drop(studies));
    return registry;
  }

  /** The time during which the daemon did not run does not count as running time. */
  #continued(record: StudyRecord): StudyRecord {
    if (record.runningSince === null) return record;
    return { ...record, activeMs: activeMs(record, record.updatedAt), runningSince: this.clock.now() };
  }

  #remember(record: StudyRecord): void {
    this.#records.set(record.id, record);
    this.#names.set(record.name, record.id);
  }

  get isDiskFull(): boolean {
    return this.#isDiskFull;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** In the order of creation. */
  get records(): readonly StudyRecord[] {
    return [...this.#records.values()];
  }

  idOf(ref: string): string | null {
    return this.#records.has(ref) ? ref : (this.#names.get(ref) ?? null);
  }

  /** The study with this id or name. Throws `UserError` STUDY_NOT_FOUND. */
  async state(ref: string): Promise<StudyState> {
    const id = this.idOf(ref);
    const record = id === null ? undefined : this.#records.get(id);
    if (id === null || record === undefined) throw studyNotFound(ref);
    let opening = this.#open.get(id);
    if (opening === undefined) {
      opening = this.#load(id);
      this.#open.set(id, opening);
      opening.catch(() => this.#open.delete(id));
    }
    return opening;
  }

  async #load(id: string): Promise<StudyState> {
    const trials = await this.store.trials(id);
    const record = this.#records.get(id);
    if (record === undefined) throw studyNotFound(id);
    const state = await StudyState.load(record, trials, this.#opened.has(id) ? this.clock : this.#start);
    this.#opened.add(id);
    this.#live.set(id, state);
    return state;
  }

  /** The study and record of a trial id. Throws `UserError` TRIAL_NOT_FOUND. */
  async trial(id: string): Promise<{ readonly state: StudyState; readonly trial: TrialRecord }> {
    const parsed = parseTrialId(id);
    if (parsed === null || !this.#records.has(parsed.studyId)) throw trialNotFound(id);
    const state = await this.state(parsed.studyId);
    const trial = state.trials[parsed.number];
    if (trial === undefined || trialId(parsed.studyId, parsed.number) !== id) throw trialNotFound(id);
    return { state, trial };
  }

  /** Adds a study with its first trials. */
  async add(
    record: StudyRecord,
    trials: readonly TrialRecord[],
    documents: readonly StoredDocument[],
  ): Promise<StudyState> {
    if (this.#names.has(record.name)) throw new Error(`the name ${record.name} is taken`);
    this.#remember(record);
    const numbered = trials.map((trial): TrialRecord => {
      const seq = this.#lastSeq + 1 + trial.number;
      return { ...trial, createdSeq: seq, finishedSeq: trial.finishedSeq === null ? null : seq };
    });
    const state = await StudyState.load(record, numbered, this.clock);
    this.#opened.add(record.id);
    this.#live.set(record.id, state);
    this.#open.set(record.id, Promise.resolve(state));
    const events: NewEvent[] = [
      ...numbered.map(
        (trial): NewEvent => ({
          type: trial.finishedSeq === null ? 'trial.created' : 'trial.finished',
          trial: trial.number,
        }),
      ),
      { type: 'study.created' },
    ];
    await this.commit(state, { record, trials: numbered, events, documents, durable: true });
    return state;
  }

  /** Applies the change to the study in memory and stores it; resolves when it is stored. */
  async commit(state: StudyState, change: Change): Promise<void> {
    if (this.#isClosed) throw new UserError({ code: 'SHUTTING_DOWN', message: 'the daemon is stopping', status: 503 });
    if (state.isDropped) throw tryAgain();
    const { trials = [], documents } = change;
    const { id } = state.record;
    const at = this.clock.now();
    const events = change.events.map(
      (event): StoredEvent => ({
        seq: ++this.#lastSeq,
        study: id,
        type: event.type,
        trial: event.trial ?? null,
        at,
        data: event.data ?? {},
      }),
    );
    const seqOf = (type: EventType): Map<number | null, number> =>
      new Map(events.flatMap((event) => (event.type === type ? [[event.trial, event.seq]] : [])));
    const [created, finished] = [seqOf('trial.created'), seqOf('trial.finished')];
    const numbered = trials.map((trial): TrialRecord => {
      const createdSeq = trial.createdSeq ?? created.get(trial.number);
      const finishedSeq = finished.get(trial.number) ?? trial.finishedSeq;
      return { ...trial, ...(createdSeq !== undefined && { createdSeq }), finishedSeq };
    });
    for (const trial of numbered) state.apply(trial, this.clock);
    if (change.record !== undefined) {
      state.record = change.record;
      this.#remember(change.record);
    }
    const stored = this.store.commit({
      ...(change.record !== undefined && { study: encodeStudy(change.record) }),
      trialsOf: id,
      trials: numbered,
      events,
      ...(documents !== undefined && { documents }),
      durable: change.durable,
    });
    state.stored = stored;
    stored.catch(() => {});
    try {
      await stored;
    } catch (error) {
      if (error instanceof UserError && error.code === 'DISK_FULL') this.#waitForDisk();
      throw error;
    }
    this.#isDiskFull = false;
    this.feed.publish(events);
  }

  async remove(state: StudyState): Promise<void> {
    const { id, name } = state.record;
    this.#records.delete(id);
    this.#names.delete(name);
    this.#open.delete(id);
    this.#live.delete(id);
    state.isDropped = true;
    try {
      await this.store.commit({ removeStudy: id, events: [], durable: true });
    } catch (error) {
      this.#remember(state.record);
      throw error;
    }
  }

  /** Forgets studies whose last changes were not stored; they are read again when next needed. */
  #drop(studies: ReadonlySet<string>): void {
    for (const id of studies) {
      const state = this.#live.get(id);
      if (state !== undefined) state.isDropped = true;
      this.#live.delete(id);
      this.#open.delete(id);
    }
    const reload = this.store.studies().then((all) => {
      for (const id of studies) {
        const name = this.#records.get(id)?.name;
        const stored = all.find((each) => each.id === id);
        if (stored !== undefined) this.#remember(decodeStudy(stored));
        else {
          this.#records.delete(id);
          if (name !== undefined) this.#names.delete(name);
        }
      }
    });
    // Opening a study again waits for its record.
    for (const id of studies) {
      const opening = reload.then(() => this.#load(id));
      opening.catch(() => this.#open.delete(id));
      this.#open.set(id, opening);
    }
  }

  #waitForDisk(): void {
    this.#isDiskFull = true;
    if (this.#probe !== null || this.#isClosed) return;
    this.#probe = setInterval(() => {
      void this.store.isWritable().then((isWritable) => {
        if (!isWritable) return;
        this.#isDiskFull = false;
        if (this.#probe !== null) clearInterval(this.#probe);
        this.#probe = null;
      });
    }, PROBE_MS);
    this.#probe.unref();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#probe !== null) clearInterval(this.#probe);
  }
}

/** A change elsewhere was lost and the study is being read again: the same request may simply be repeated. */
export function tryAgain(): UserError {
  return new UserError({
    code: 'STORE_FAILED',
    message: 'the last changes of the study could not be stored: nothing was changed',
    hint: 'send the same request again',
    status: 503,
    exitCode: 75,
  });
}
