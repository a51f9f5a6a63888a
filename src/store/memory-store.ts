/** A store in memory, for tests and trying out: the same contract, gone with the process. */

import { UserError } from '../errors.ts';
import type { TrialRecord } from '../trial/trial.ts';
import type { StoredDocument, StoredEvent, StoredStudy, StudyChange, TrialStore } from './trial-store.ts';

export class MemoryStore implements TrialStore {
  readonly #studies = new Map<string, StoredStudy>();
  readonly #trials = new Map<string, TrialRecord[]>();
  #events: StoredEvent[] = [];
  readonly #documents = new Map<string, StoredDocument>();
  readonly #listeners: ((studies: ReadonlySet<string>) => void)[] = [];
  #lastSeq = 0;
  #isFull = false;

  /** From now on every write fails as on a full disk, or succeeds again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
  }

  async commit(change: StudyChange): Promise<void> {
    const { study, trialsOf } = change;
    const others = [...this.#studies.values()].filter((other) => other.id !== study?.id);
    const reason = this.#isFull
      ? new UserError({ code: 'DISK_FULL', message: 'the disk is full: nothing was changed', status: 507 })
      : others.some((other) => other.name === study?.name) || (trialsOf !== undefined && !this.#knows(trialsOf, study))
        ? new UserError({ code: 'STORE_FAILED', message: 'the change does not fit what is stored', status: 503 })
        : null;
    if (reason !== null) {
      const lost = new Set([study?.id, trialsOf, change.removeStudy].filter((id) => id !== undefined));
      for (const listener of this.#listeners) listener(lost);
      throw reason;
    }
    this.#apply(change);
  }

  #knows(id: string, study: StoredStudy | undefined): boolean {
    return id === study?.id || this.#studies.has(id);
  }

  #apply(change: StudyChange): void {
    const { study, removeStudy, trialsOf, trials = [], events = [] } = change;
    if (study !== undefined) this.#studies.set(study.id, study);
    if (trialsOf !== undefined) {
      const stored = this.#trials.get(trialsOf) ?? [];
      for (const trial of trials) stored[trial.number] = trial;
      this.#trials.set(trialsOf, stored);
    }
    for (const event of events) {
      this.#events.push(event);
      this.#lastSeq = Math.max(this.#lastSeq, event.seq);
    }
    if (removeStudy !== undefined) {
      this.#studies.delete(removeStudy);
      this.#trials.delete(removeStudy);
      this.#events = this.#events.filter((event) => event.study !== removeStudy);
    }
    for (const document of change.documents ?? []) this.#documents.set(`${document.kind}/${document.key}`, document);
    for (const { kind, key } of change.removeDocuments ?? []) this.#documents.delete(`${kind}/${key}`);
  }

  onLost(listener: (studies: ReadonlySet<string>) => void): void {
    this.#listeners.push(listener);
  }

  async studies(): Promise<readonly StoredStudy[]> {
    return [...this.#studies.values()];
  }

  async trials(study: string): Promise<readonly TrialRecord[]> {
    return [...(this.#trials.get(study) ?? [])];
  }

  async events(study: string | null, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#events.filter((e) => e.seq > after && (study === null || e.study === study)).slice(0, limit);
  }

  async lastSeq(): Promise<number> {
    return this.#lastSeq;
  }

  async document(kind: string, key: string): Promise<StoredDocument | null> {
    return this.#documents.get(`${kind}/${key}`) ?? null;
  }

  async documents(kind: string): Promise<readonly StoredDocument[]> {
    return [...this.#documents.values()].filter((document) => document.kind === kind);
  }

  async isWritable(): Promise<boolean> {
    return !this.#isFull;
  }

  async close(): Promise<void> {}
}
