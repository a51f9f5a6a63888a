/**
 * Everything that can be done with studies and trials, whoever asks: the HTTP routes, the command line on a data folder, the
 * campaign runner. Bodies have been validated against the contract before; meaning is checked here.
 */
import { randomBytes } from 'node:crypto';
import type {
  AskRequest,
  CloneRequest,
  EnqueueRequest,
  HeartbeatAnswer,
  HeartbeatRequest,
  StudyPatch,
  TellBatchItem,
  TellRequest,
} from '../contract/requests.ts';
import type { FrontPoint, StudyDefinition, StudyView } from '../contract/study.ts';
import type { ArtifactLink, TrialState, WireTrial } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import type { StoredEvent, TrialStore } from '../store/trial-store.ts';
import { type Clock, systemClock } from '../trial/clock.ts';
import { contentHash } from '../trial/content-hash.ts';
import { currentAttempt, toWireTrial } from '../trial/trial.ts';
import { isFinished } from '../trial/trial-state.ts';
import { askTrials } from './ask.ts';
import { defineStudy, toDefinition } from './definition.ts';
import { enqueue, enqueuedTrial } from './enqueue.ts';
import { EventFeed } from './event-feed.ts';
import type { HypervolumeHistory } from './front.ts';
import { heartbeat } from './heartbeat.ts';
import { prepareTrials, type SkippedTrial } from './import/import-study.ts';
import type { ImportedStudy } from './import/imported-study.ts';
import { patchStudy } from './patch.ts';
import type { CampaignPlanner } from './ports.ts';
import type { StudyRecord } from './study.ts';
import { StudyRegistry } from './study-registry.ts';
import { compileRules } from './study-rules.ts';
import type { StudyState } from './study-state.ts';
import { Suggester, type SuggestionCounts } from './suggester.ts';
import { tellItem, tellTrial } from './tell-trial.ts';
import { withTransfer } from './transfer-source.ts';
import { applyVerb, type Verb } from './verbs.ts';
import { matchesState, viewFront, viewStudy } from './view.ts';

export interface StudyServiceOptions {
  readonly store: TrialStore;
  readonly clock?: Clock;
  /** Absent: the daemon takes no campaigns. */
  readonly planner?: CampaignPlanner | null;
}

export interface CreatedStudy {
  readonly study: StudyView;
  /** False when it was there already: the same Idempotency-Key, or `ifExists` is `return`. */
  readonly isNew: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null at the end. */
  readonly next: number | null;
}

/** Lines of a batch that are stored together. */
const BATCH_CHUNK = 500;

export type ItemResult =
  | { readonly ok: true; readonly trial: WireTrial }
  | { readonly ok: false; readonly error: UserError };

function newStudyId(): string {
  return `st_${randomBytes(10).toString('hex').slice(0, 16)}`;
}

export class StudyService {
  readonly events: EventFeed;
  readonly #registry: StudyRegistry;
  readonly #suggester = new Suggester();
  readonly #planner: CampaignPlanner | null;
  readonly #creating = new Map<string, Promise<CreatedStudy>>();

  private constructor(registry: StudyRegistry, planner: CampaignPlanner | null) {
    this.#registry = registry;
    this.events = registry.feed;
    this.#planner = planner;
  }

  static async open(options: StudyServiceOptions): Promise<StudyService> {
    const registry = await StudyRegistry.open(options.store, options.clock ?? systemClock, new EventFeed());
    return new StudyService(registry, options.planner ?? null);
  }

  /** The store under the service, for documents that belong to no study. */
  get store(): TrialStore {
    return this.#registry.store;
  }

  get isDiskFull(): boolean {
    return this.#registry.isDiskFull;
  }

  get lastSeq(): number {
    return this.#registry.lastSeq;
  }

  /** Records of all studies, in the order of creation. */
  records(): readonly StudyRecord[] {
    return this.#registry.records;
  }

  /**
   * Makes a study. A taken name is an error (STUDY_EXISTS, 409) unless `ifExists` is `return`; the same `idempotencyKey` gets the
   * study that it made before, or IDEMPOTENCY_KEY_REUSED (422) when the body differs.
   */
  async create(
    definition: StudyDefinition,
    options: { readonly ifExists?: 'return' | 'fail'; readonly idempotencyKey?: string } = {},
  ): Promise<CreatedStudy> {
    const key = options.idempotencyKey;
    const gate = key === undefined ? `name/${definition.name}` : `key/${key}`;
    const before = this.#creating.get(gate) ?? Promise.resolve();
    const making = before.then(
      () => this.#create(definition, options),
      () => this.#create(definition, options),
    );
    this.#creating.set(gate, making);
    try {
      return await making;
    } finally {
      if (this.#creating.get(gate) === making) this.#creating.delete(gate);
    }
  }

  async #create(
    definition: StudyDefinition,
    options: { readonly ifExists?: 'return' | 'fail'; readonly idempotencyKey?: string },
  ): Promise<CreatedStudy> {
    const { idempotencyKey } = options;
    const bodyHash = contentHash(definition);
    if (idempotencyKey !== undefined) {
      const used = await this.#registry.store.document('idempotency', idempotencyKey);
      if (used !== null) return this.#repeated(JSON.parse(used.body) as { study: string; hash: string }, bodyHash);
    }
    const taken = this.#registry.idOf(definition.name);
    if (taken !== null) {
      if (options.ifExists === 'return') return { study: await this.get(taken), isNew: false };
      throw studyExists(definition.name);
    }
    const id = newStudyId();
    const source = definition.transfer === undefined ? null : await this.#registry.state(definition.transfer.study);
    const defined = await defineStudy(id, definition, this.#registry.clock.now(), this.#planner);
    const record = withTransfer(defined, definition.transfer, source);
    // Planning took time: someone else may have taken the name.
    if (this.#registry.idOf(definition.name) !== null) throw studyExists(definition.name);
    const documents =
      idempotencyKey === undefined
        ? []
        : [{ kind: 'idempotency', key: idempotencyKey, body: JSON.stringify({ study: id, hash: bodyHash }) }];
    const { space } = await compileRules(record);
    const now = this.#registry.clock.now();
    const first = (definition.enqueue ?? []).map((request, number) =>
      enqueuedTrial(space, record.sampler.seed, number, request, now),
    );
    const state = await this.#registry.add(record, first, documents);
    this.#suggester.prefetch(state);
    return { study: this.#view(state), isNew: true };
  }

  /**
   * A study with the definition and trials of a file. A campaign is paused, so that nothing runs before its owner says so. Throws
   * STUDY_EXISTS (409) when the name is taken.
   */
  async import(imported: ImportedStudy): Promise<{ study: StudyView; skipped: readonly SkippedTrial[] }> {
    const { definition } = imported;
    if (this.#registry.idOf(definition.name) !== null) throw studyExists(definition.name);
    const now = this.#registry.clock.now();
    const defined = await defineStudy(newStudyId(), definition, now, this.#planner);
    // The study that it learned from may not be here: its own results are, which matter more.
    const transfer = definition.transfer?.study;
    const hasSource = transfer !== undefined && this.#registry.idOf(transfer) !== null;
    const made = withTransfer(defined, definition.transfer, hasSource ? await this.#registry.state(transfer) : null);
    const record: StudyRecord =
      made.evaluation === null ? made : { ...made, state: 'paused', reason: 'user', runningSince: null };
    const { trials, skipped } = await prepareTrials(record, imported, now);
    // Planning took time: someone else may have taken the name.
    if (this.#registry.idOf(definition.name) !== null) throw studyExists(definition.name);
    const state = await this.#registry.add(record, trials, []);
    return { study: this.#view(state), skipped };
  }

  async #repeated(used: { study: string; hash: string }, bodyHash: string): Promise<CreatedStudy> {
    if (used.hash !== bodyHash)
      throw new UserError({
        code: 'IDEMPOTENCY_KEY_REUSED',
        message: 'the Idempotency-Key was used before with a different body',
        where: 'Idempotency-Key',
        hint: 'take a new key for a new request',
        status: 422,
      });
    return { study: { ...(await this.get(used.study)), replayed: true }, isNew: false };
  }

  #view(state: StudyState): StudyView {
    return viewStudy(state, this.#registry.lastSeq, this.#registry.isDiskFull);
  }

  /** The study in memory: for the runner and for what is computed from trials. */
  state(ref: string): Promise<StudyState> {
    return this.#registry.state(ref);
  }

  async get(ref: string): Promise<StudyView> {
    return this.#view(await this.#registry.state(ref));
  }

  /** Studies in the order of creation, archived ones only when asked for; `cursor` counts studies. */
  async list(
    options: { readonly state?: string; readonly cursor?: number; readonly limit?: number } = {},
  ): Promise<Page<StudyView>> {
    const { cursor = 0, limit = 50 } = options;
    const found = this.#registry.records.filter((record) => matchesState(record, options.state));
    const items: StudyView[] = [];
    for (const { id } of found.slice(cursor, cursor + limit)) items.push(await this.get(id));
    return { items, next: cursor + limit < found.length ? cursor + limit : null };
  }

  async patch(ref: string, patch: StudyPatch, ifMatch: string | null = null): Promise<StudyView> {
    return this.#view(await patchStudy(this.#registry, ref, patch, ifMatch));
  }

  async verb(ref: string, verb: Verb): Promise<StudyView> {
    return this.#view(await applyVerb(this.#registry, ref, verb));
  }

  /** Removes a study that is not running, with its trials and events. */
  async remove(ref: string): Promise<void> {
    const state = await this.#registry.state(ref);
    if (state.record.state === 'running' || state.record.state === 'stopping')
      throw new UserError({
        code: 'ILLEGAL_MOVE',
        message: `study "${state.record.name}" is ${state.record.state}`,
        hint: 'cancel or pause it first',
        status: 409,
      });
    await this.#registry.remove(state);
  }

  /** A new study with the same definition; with `trials`, finished trials are taken along as known results. */
  async clone(ref: string, request: CloneRequest = {}): Promise<StudyView> {
    const { record, trials } = await this.#registry.state(ref);
    const name = request.name ?? this.#freeName(record.name);
    if (this.#registry.idOf(name) !== null) throw studyExists(name);
    const now = this.#registry.clock.now();
    const defined = await defineStudy(newStudyId(), { ...toDefinition(record), name }, now, this.#planner);
    const made = record.transfer === undefined ? defined : { ...defined, transfer: record.transfer };
    const known = request.trials === true ? trials.filter((trial) => isFinished(trial.state)) : [];
    const copies = known.map((trial, number) => ({
      ...trial,
      number,
      attempts: [],
      told: { fence: 0, hash: contentHash({ study: record.id, number: trial.number }) },
      isImported: true,
      finishedSeq: 0,
    }));
    return this.#view(await this.#registry.add(made, copies, []));
  }

  #freeName(name: string): string {
    for (let i = 2; ; i++) {
      const candidate = `${name}-${i}`;
      if (this.#registry.idOf(candidate) === null) return candidate;
    }
  }

  /** Trials to run, each under a lease with a fence. Throws `StudyStateError` (409) when there is none to give. */
  async ask(ref: string, request: AskRequest = {}): Promise<readonly WireTrial[]> {
    const { studyId, given } = await askTrials(this.#registry, this.#suggester, ref, request);
    this.#thinkAhead(studyId);
    return given.map(({ trial, attempt }) => toWireTrial(studyId, trial, attempt));
  }

  /** Resolves when the result is on disk. */
  async tell(trial: string, request: TellRequest, artifacts: readonly ArtifactLink[] = []): Promise<WireTrial> {
    const told = await tellTrial(this.#registry, trial, request, artifacts);
    this.#thinkAhead(told.study);
    return told;
  }

  /** One result per item, in order; an item that is refused does not keep the others from being stored. */
  async tellBatch(ref: string, items: readonly TellBatchItem[]): Promise<readonly ItemResult[]> {
    const { id } = (await this.#registry.state(ref)).record;
    const results: ItemResult[] = [];
    for (let start = 0; start < items.length; start += BATCH_CHUNK) {
      const state = await this.#registry.state(id);
      const chunk = items.slice(start, start + BATCH_CHUNK).map(async (item): Promise<ItemResult> => {
        try {
          return { ok: true, trial: await tellItem(this.#registry, state, item) };
        } catch (error) {
          if (error instanceof UserError) return { ok: false, error };
          throw error;
        }
      });
      results.push(...(await Promise.all(chunk)));
    }
    this.#thinkAhead(id);
    return results;
  }

  enqueue(ref: string, request: EnqueueRequest): Promise<WireTrial> {
    return enqueue(this.#registry, ref, request);
  }

  heartbeat(trial: string, request: HeartbeatRequest): Promise<HeartbeatAnswer> {
    return heartbeat(this.#registry, trial, request);
  }

  /**
   * Gives back every lease that `clientId` holds in a study: its trials wait for the next asker at once. For a holder that knows that
   * its work is lost, such as a campaign runner after a restart.
   */
  async releaseLeases(ref: string, clientId: string): Promise<void> {
    const state = await this.#registry.state(ref);
    const held = state.trials.filter(
      (trial) => trial.state === 'running' && currentAttempt(trial)?.clientId === clientId,
    );
    if (held.length === 0) return;
    await this.#registry.commit(state, {
      trials: held.map((trial) => ({ ...trial, state: 'waiting' as const, progress: null })),
      events: held.map(({ number }) => ({ type: 'trial.requeued' as const, trial: number })),
      durable: false,
    });
  }

  async trial(id: string): Promise<WireTrial> {
    const { state, trial } = await this.#registry.trial(id);
    return toWireTrial(state.record.id, trial);
  }

  /** Trials by number, `after` exclusive. */
  async trials(
    ref: string,
    options: { readonly after?: number; readonly limit?: number; readonly state?: TrialState } = {},
  ): Promise<Page<WireTrial>> {
    const { after = -1, limit = 100 } = options;
    const { record, trials } = await this.#registry.state(ref);
    const items: WireTrial[] = [];
    let number = after + 1;
    for (; number < trials.length && items.length < limit; number++) {
      const trial = trials[number];
      if (trial === undefined || (options.state !== undefined && trial.state !== options.state)) continue;
      items.push(toWireTrial(record.id, trial));
    }
    return { items, next: number < trials.length ? number - 1 : null };
  }

  async front(ref: string): Promise<readonly FrontPoint[]> {
    return viewFront(await this.#registry.state(ref));
  }

  /** Null while nothing feasible has been found. */
  async hypervolume(ref: string): Promise<HypervolumeHistory | null> {
    return (await this.#registry.state(ref)).front.history();
  }

  /** Events with `seq > after`, oldest first, of one study or of all (null). */
  async eventsAfter(ref: string | null, after: number, limit = 1000): Promise<readonly StoredEvent[]> {
    const id = ref === null ? null : (await this.#registry.state(ref)).record.id;
    return this.#registry.store.events(id, after, limit);
  }

  /** Since this daemon was started. */
  get suggestionCounts(): Readonly<SuggestionCounts> {
    return this.#suggester.counts;
  }

  /** Starts on the next suggestion while trials run. */
  #thinkAhead(studyId: string): void {
    void this.#registry.state(studyId).then(
      (state) => {
        if (state.record.state === 'running' && !state.isDropped) this.#suggester.prefetch(state);
      },
      () => {},
    );
  }

  /** Stops; what was acknowledged is stored. The store stays open. */
  async close(): Promise<void> {
    this.#registry.close();
    await this.#suggester.close();
  }
}

function studyExists(name: string): UserError {
  return new UserError({
    code: 'STUDY_EXISTS',
    message: `there is a study "${name}" already`,
    where: 'name',
    hint: 'choose another name, or send ?ifExists=return',
    status: 409,
  });
}
