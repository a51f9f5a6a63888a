/**
 * Where studies, trials and events are kept. One change is one transaction: all of it is stored, or none. `commit` resolves
 * when the change will survive a kill (and, if `durable`, a power cut). Changes are stored in the order of the calls.
 */
import type { EventType } from '../contract/event.ts';
import type { TrialRecord } from '../trial/trial.ts';

/** A study as stored: `body` is JSON and belongs to src/study. */
export interface StoredStudy {
  readonly id: string;
  readonly name: string;
  readonly body: string;
}

/** `trial` is the number of the trial that the event is about. */
export interface StoredEvent {
  readonly seq: number;
  readonly study: string;
  readonly type: EventType;
  readonly trial: number | null;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A small JSON document by kind and key: uploaded files, tokens, idempotency keys, evaluations. */
export interface StoredDocument {
  readonly kind: string;
  readonly key: string;
  readonly body: string;
}

export interface StudyChange {
  readonly study?: StoredStudy;
  /** Removes the study with its trials and events. */
  readonly removeStudy?: string;
  /** All of one study, `trialsOf`. */
  readonly trialsOf?: string;
  readonly trials?: readonly TrialRecord[];
  readonly events?: readonly StoredEvent[];
  readonly documents?: readonly StoredDocument[];
  readonly removeDocuments?: readonly { readonly kind: string; readonly key: string }[];
  /** Whether the change must survive a power cut, not only the death of the process. */
  readonly durable: boolean;
}

export interface TrialStore {
  /** Rejects with `UserError` DISK_FULL (507) or STORE_FAILED (503); then nothing of the change is stored. */
  commit(change: StudyChange): Promise<void>;
  /** Called before the rejections of a failed commit, with the studies whose changes were lost. */
  onLost(listener: (studies: ReadonlySet<string>) => void): void;
  studies(): Promise<readonly StoredStudy[]>;
  /** Trials in the order of their numbers. */
  trials(study: string): Promise<readonly TrialRecord[]>;
  /** Events with `seq > after`, oldest first; of all studies where `study` is null. */
  events(study: string | null, after: number, limit: number): Promise<readonly StoredEvent[]>;
  lastSeq(): Promise<number>;
  document(kind: string, key: string): Promise<StoredDocument | null>;
  documents(kind: string): Promise<readonly StoredDocument[]>;
  /** True when a write would succeed now. */
  isWritable(): Promise<boolean>;
  close(): Promise<void>;
}
