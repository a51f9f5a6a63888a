/**
 * Where suggestions come from. A suggestion is a function of the study, its observations and the number of the trial, nothing
 * else: computing it early (prefetch), late or again after a restart gives the same point.
 *
 * Samplers that do not look at results run here, in blocks: block b holds the points for trials 128 b … 128 b + 127, computed
 * from the trials before the block in one pass, so that an ask costs no walk over all trials. The others run in a worker thread.
 */
import {
  createRng,
  type ObservedTrial,
  type Rng,
  type Sampler,
  type Suggestion,
  type SuggestResult,
} from '@tinypareto/optimizer';
import { Piscina } from 'piscina';
import { UserError } from '../errors.ts';
import { buildProblem, buildSampler, samplerTask } from './sampler-task.ts';
import type { StudyRecord } from './study.ts';
import type { StudyState } from './study-state.ts';
import type { SuggestAnswer, SuggestRequest } from './suggest-worker.ts';

const BLOCK = 128;
const BLIND_SAMPLERS: ReadonlySet<string> = new Set(['random', 'sobol', 'grid', 'list']);

interface Blind {
  readonly record: StudyRecord;
  readonly sampler: Sampler;
  block: number;
  pool: Suggestion[];
}

/** What the worker was told of a study. */
interface Sent {
  readonly record: StudyRecord;
  readonly observations: readonly ObservedTrial[];
  readonly version: number;
}

interface Prefetched {
  readonly record: StudyRecord;
  readonly version: number;
  readonly result: Promise<SuggestResult>;
  isReady: boolean;
}

/** Asks by where their points came from: prepared before, still being prepared, or computed for the ask. Only samplers with a model. */
export interface SuggestionCounts {
  ready: number;
  awaited: number;
  computed: number;
}

function workerUrl(): URL {
  return new URL(`./suggest-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}

export class Suggester {
  readonly #blind = new WeakMap<StudyState, Blind>();
  readonly #sent = new Map<string, Sent>();
  readonly #prefetched = new WeakMap<StudyState, Prefetched>();
  readonly #thinking = new WeakSet<StudyState>();
  readonly counts: SuggestionCounts = { ready: 0, awaited: 0, computed: 0 };
  #worker: Piscina | null = null;
  /** The worker serves one request at a time, in order: what it remembers is then known here. */
  #queue: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** The next `count` points of a study in its present state. */
  async suggest(state: StudyState, count: number): Promise<SuggestResult> {
    if (BLIND_SAMPLERS.has(state.record.sampler.kind)) return this.#suggestBlind(state, count);
    const prefetched = this.#prefetched.get(state);
    if (count === 1 && prefetched?.version === state.version && prefetched.record.sampler === state.record.sampler) {
      this.counts[prefetched.isReady ? 'ready' : 'awaited']++;
      return prefetched.result;
    }
    this.counts.computed++;
    return this.#ask(state, count);
  }

  /**
   * Starts to compute the next point in advance, where that takes time: one at a time for each study, always for its newest state.
   * Errors show when the point is asked for.
   */
  prefetch(state: StudyState): void {
    if (this.#isClosed || BLIND_SAMPLERS.has(state.record.sampler.kind)) return;
    if (this.#thinking.has(state) || this.#prefetched.get(state)?.version === state.version) return;
    const result = this.#ask(state, 1);
    this.#thinking.add(state);
    const prefetched: Prefetched = { record: state.record, version: state.version, result, isReady: false };
    this.#prefetched.set(state, prefetched);
    const goOn = (): void => {
      prefetched.isReady = true;
      this.#thinking.delete(state);
      if (!state.isDropped && state.record.state === 'running') this.prefetch(state);
    };
    result.then(goOn, () => this.#thinking.delete(state));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // A worker that is ended while its answer is under way makes the pool throw where nobody can catch it.
    await this.#queue;
    await this.#worker?.destroy();
  }

  async #suggestBlind(state: StudyState, count: number): Promise<SuggestResult> {
    const blind = await this.#blindOf(state);
    const number = state.trials.length;
    const block = Math.floor(number / BLOCK);
    const { seed } = state.record.sampler;
    if (blind.block !== block) {
      // In a space that is never used up a random point repeats none: the walk over all trials can be left out.
      const isEndless = state.record.sampler.kind === 'random' && !Number.isFinite(state.space.cellCount);
      const before = isEndless ? [] : state.observations.slice(0, block * BLOCK);
      blind.pool = [...inRow(blind.sampler, before, seed, block * BLOCK, BLOCK).suggestions];
      blind.block = block;
    }
    const isFree = ({ params }: Suggestion): boolean => !state.isTaken(params);
    const suggestions = takeFirst(blind.pool, count, isFree);
    if (suggestions.length === count) return { kind: 'suggestions', suggestions };
    // The block is used up (points of it were enqueued or imported, or the ask reaches beyond it).
    const seen = [
      ...state.observations,
      ...suggestions.map(
        ({ params }, i): ObservedTrial => ({ number: number + i, state: 'pending', params, metrics: {} }),
      ),
    ];
    const rest = inRow(blind.sampler, seen, seed, number + suggestions.length, count - suggestions.length);
    return { ...rest, suggestions: [...suggestions, ...rest.suggestions] };
  }

  async #blindOf(state: StudyState): Promise<Blind> {
    const known = this.#blind.get(state);
    if (known?.record.constraints === state.record.constraints) return known;
    const task = samplerTask(state.record);
    const sampler = await buildSampler(task, await buildProblem(task));
    const made: Blind = { record: state.record, sampler, block: -1, pool: [] };
    this.#blind.set(state, made);
    return made;
  }

  /** Asks the worker. The observations are those of this moment, however long the queue. */
  #ask(state: StudyState, count: number): Promise<SuggestResult> {
    const { record, version } = state;
    const observations = [...state.observations];
    const result = this.#queue.then(() => this.#askWorker(record, observations, version, count));
    this.#queue = result.catch(() => {});
    return result;
  }

  async #askWorker(
    record: StudyRecord,
    observations: readonly ObservedTrial[],
    version: number,
    count: number,
  ): Promise<SuggestResult> {
    const task = samplerTask(record);
    const sent = this.#sent.get(record.id);
    const isKnown = sent !== undefined && sent.record.constraints === record.constraints && sent.version <= version;
    const base = isKnown ? sent : null;
    const request = (from: Sent | null): SuggestRequest => ({
      task,
      baseVersion: from?.version ?? 0,
      version,
      changed: from === null ? observations : observations.filter((trial, i) => trial !== from.observations[i]),
      number: observations.length,
      count,
    });
    let answer = await this.#run(request(base));
    if (answer.kind === 'needAll') answer = await this.#run(request(null));
    this.#sent.set(record.id, { record, observations, version });
    if (answer.kind === 'needAll') throw new Error('the suggestion worker does not accept a complete request');
    return answer;
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

/** The points of trials `first`, `first + 1`, … as single asks for them would give. */
function inRow(
  sampler: Sampler,
  before: readonly ObservedTrial[],
  seed: number,
  first: number,
  count: number,
): SuggestResult {
  const rngOf = (i: number): Rng => createRng(seed, first + i, 'suggest');
  return sampler.series?.(before, rngOf, count) ?? sampler.suggest(before, rngOf(0), count);
}

/** The first `count` items that pass, looking no further than needed. */
function takeFirst<T>(items: readonly T[], count: number, passes: (item: T) => boolean): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length === count) break;
    if (passes(item)) taken.push(item);
  }
  return taken;
}

function closing(): UserError {
  return new UserError({
    code: 'SHUTTING_DOWN',
    message: 'the daemon is stopping',
    hint: 'ask again later',
    status: 503,
  });
}
