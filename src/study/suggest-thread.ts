/**
 * The worker thread that thinks of points, and who comes first: one job at a time, those that an ask waits for before those that only
 * prepare. A preparation is interrupted within milliseconds when it is outdated, and when an ask of another study needs the thread.
 */
import type { ObservedTrial, SuggestResult } from '@tinypareto/optimizer';
import { Piscina } from 'piscina';
import { UserError } from '../errors.ts';
import { samplerTask } from './sampler-task.ts';
import type { StudyRecord } from './study.ts';
import type { SuggestAnswer, SuggestRequest } from './suggest-worker.ts';

/** What the worker was told of a study. */
interface Sent {
  readonly record: StudyRecord;
  readonly observations: readonly ObservedTrial[];
  readonly version: number;
}

/** `count` points of a study whose trials look like `observations`. */
export class SuggestJob {
  readonly record: StudyRecord;
  readonly observations: readonly ObservedTrial[];
  readonly count: number;
  /** Never settles when the job is dropped. */
  readonly result: Promise<SuggestResult>;
  readonly settle: PromiseWithResolvers<SuggestResult>;
  /** Raised to 1 to interrupt the worker. */
  readonly stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  isAwaited: boolean;
  isDropped = false;

  constructor(record: StudyRecord, observations: readonly ObservedTrial[], count: number, isAwaited: boolean) {
    this.record = record;
    this.observations = observations;
    this.count = count;
    this.isAwaited = isAwaited;
    this.settle = Promise.withResolvers();
    this.result = this.settle.promise;
    // Who asks hears of an error; a preparation that nobody asks for may fail unheard.
    this.result.catch(() => {});
  }
}

function workerUrl(): URL {
  return new URL(`./suggest-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}

export class SuggestThread {
  readonly #sent = new Map<string, Sent>();
  #lastVersion = 0;
  #waiting: SuggestJob[] = [];
  #running: SuggestJob | null = null;
  #serving: Promise<void> = Promise.resolve();
  #worker: Piscina | null = null;
  #isClosed = false;

  start(record: StudyRecord, observations: readonly ObservedTrial[], count: number, isAwaited: boolean): SuggestJob {
    const job = new SuggestJob(record, observations, count, isAwaited);
    if (this.#isClosed) {
      job.settle.reject(closing());
      return job;
    }
    this.#waiting.push(job);
    if (isAwaited) this.#makeRoom();
    this.#next();
    return job;
  }

  /** From now on an ask waits for it. */
  claim(job: SuggestJob): void {
    if (job.isAwaited) return;
    job.isAwaited = true;
    if (this.#running !== job) this.#makeRoom();
  }

  /** Nobody needs it any more, unless an ask waits for it. */
  drop(job: SuggestJob): void {
    if (job.isAwaited) return;
    job.isDropped = true;
    this.#waiting = this.#waiting.filter((other) => other !== job);
    if (this.#running === job) Atomics.store(job.stop, 0, 1);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#waiting) job.settle.reject(closing());
    this.#waiting = [];
    if (this.#running !== null) Atomics.store(this.#running.stop, 0, 1);
    // A worker that is ended while its answer is under way makes the pool throw where nobody can catch it.
    await this.#serving;
    await this.#worker?.destroy();
  }

  #makeRoom(): void {
    if (this.#running !== null && !this.#running.isAwaited) Atomics.store(this.#running.stop, 0, 1);
  }

  #next(): void {
    if (this.#running !== null) return;
    const job = this.#waiting.find(({ isAwaited }) => isAwaited) ?? this.#waiting[0];
    if (job === undefined) return;
    this.#waiting = this.#waiting.filter((other) => other !== job);
    this.#running = job;
    this.#serving = this.#serve(job);
  }

  async #serve(job: SuggestJob): Promise<void> {
    try {
      const answer = await this.#ask(job);
      if (answer !== null) job.settle.resolve(answer);
      else if (this.#isClosed) job.settle.reject(closing());
      else if (!job.isDropped) {
        Atomics.store(job.stop, 0, 0);
        this.#waiting.unshift(job);
      }
    } catch (error) {
      job.settle.reject(error);
    }
    this.#running = null;
    this.#next();
  }

  /** Null when it was interrupted. */
  async #ask({ record, observations, count, stop }: SuggestJob): Promise<SuggestResult | null> {
    const task = samplerTask(record);
    const sent = this.#sent.get(record.id);
    const version = ++this.#lastVersion;
    const request = (from: Sent | undefined): SuggestRequest => ({
      task,
      baseVersion: from?.version ?? 0,
      version,
      changed: observations.filter((trial, number) => trial !== from?.observations[number]),
      number: observations.length,
      count,
      stop,
    });
    let answer = await this.#run(request(sent));
    if (answer.kind === 'needAll') answer = await this.#run(request(undefined));
    this.#sent.set(record.id, { record, observations, version });
    if (answer.kind === 'needAll') throw new Error('the suggestion worker does not accept a complete request');
    return answer.kind === 'interrupted' ? null : answer;
  }

  async #run(request: SuggestRequest): Promise<SuggestAnswer> {
    if (this.#isClosed) throw closing();
    this.#worker ??= new Piscina({ filename: workerUrl().href, minThreads: 1, maxThreads: 1, idleTimeout: 600_000 });
    try {
      return (await this.#worker.run(request)) as SuggestAnswer;
    } catch (error) {
      if (this.#isClosed) throw closing();
      throw error;
    }
  }
}

function closing(): UserError {
  return new UserError({
    code: 'SHUTTING_DOWN',
    message: 'the daemon is stopping',
    hint: 'ask again later',
    status: 503,
  });
}
