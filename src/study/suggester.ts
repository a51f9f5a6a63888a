/**
 * Where suggestions come from. A suggestion is a function of the study, the trials as its ask sees them (suggest-view.ts) and the number
 * of the trial, nothing else: computing it early, late or again after a restart gives the same point.
 */
import type { ObservedTrial, Params, Suggestion, SuggestResult } from '@tinypareto/optimizer';
import { BlindPoints, isBlind } from './blind-points.ts';
import type { StudyRecord } from './study.ts';
import type { StudyState } from './study-state.ts';
import { type SuggestJob, SuggestThread } from './suggest-thread.ts';
import { aheadOf, isSameView, viewOf } from './suggest-view.ts';

/** The point of one of the next asks, made before it is asked for. */
interface Prepared {
  readonly record: StudyRecord;
  readonly view: readonly ObservedTrial[];
  readonly job: SuggestJob;
  /** Null while it is made. */
  result: SuggestResult | null;
}

/** Asks by where their points came from: prepared before, still being prepared, or computed for the ask. Only samplers with a model. */
export interface SuggestionCounts {
  ready: number;
  awaited: number;
  computed: number;
}

/** Whether both give the sampler the same task: all that can change while a study runs. */
function isSameTask(a: StudyRecord, b: StudyRecord): boolean {
  return (
    a.sampler === b.sampler &&
    a.constraints === b.constraints &&
    a.parameterConstraints === b.parameterConstraints &&
    a.budget.trials === b.budget.trials
  );
}

export class Suggester {
  readonly #blind = new BlindPoints();
  readonly #thread = new SuggestThread();
  /** By the number of the trial they are for. */
  readonly #prepared = new WeakMap<StudyState, readonly Prepared[]>();
  /** Studies with an ask under way: what is prepared meanwhile would be outdated by its trial. */
  readonly #asked = new WeakSet<StudyState>();
  readonly counts: SuggestionCounts = { ready: 0, awaited: 0, computed: 0 };
  #isClosed = false;

  /** The next `count` points of a study in its present state. Asks of one study come one after another. */
  async suggest(state: StudyState, count: number): Promise<SuggestResult> {
    if (isBlind(state)) return this.#blind.suggest(state, count);
    this.#asked.add(state);
    try {
      if (count > 1 && aheadOf(state) === 0) return await this.#compute(state, viewOf(state, []), count);
      return await this.#inRow(state, count);
    } finally {
      this.#asked.delete(state);
    }
  }

  /**
   * Starts to make the points of the next asks, where that takes time: as many as the study wants ahead, at least one, and what is being
   * made of an outdated state is dropped. Errors show when the point is asked for.
   */
  prefetch(state: StudyState): void {
    if (this.#isClosed || isBlind(state) || this.#asked.has(state)) return;
    const before: Params[] = [];
    const kept: Prepared[] = [];
    const most = Math.max(1, aheadOf(state));
    while (kept.length < most && before.length === kept.length) {
      const view = viewOf(state, before);
      const prepared = this.#find(state, view) ?? this.#prepare(state, view);
      kept.push(prepared);
      const [made] = prepared.result?.suggestions ?? [];
      if (made !== undefined) before.push(made.params);
    }
    for (const each of this.#prepared.get(state) ?? []) if (!kept.includes(each)) this.#thread.drop(each.job);
    this.#prepared.set(state, kept);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread.close();
  }

  /** The points of `count` asks in a row. */
  async #inRow(state: StudyState, count: number): Promise<SuggestResult> {
    const suggestions: Suggestion[] = [];
    for (let i = 0; i < count; i++) {
      const view = viewOf(
        state,
        suggestions.map(({ params }) => params),
      );
      const prepared = this.#find(state, view);
      const found = await (prepared === undefined ? this.#compute(state, view, 1) : this.#take(prepared));
      suggestions.push(...found.suggestions);
      if (found.kind === 'exhausted') return { ...found, suggestions };
    }
    return { kind: 'suggestions', suggestions };
  }

  #find(state: StudyState, view: readonly ObservedTrial[]): Prepared | undefined {
    const prepared = this.#prepared.get(state) ?? [];
    return prepared.find((each) => isSameTask(each.record, state.record) && isSameView(state, each.view, view));
  }

  #take({ job, result }: Prepared): Promise<SuggestResult> {
    this.counts[result === null ? 'awaited' : 'ready']++;
    this.#thread.claim(job);
    return job.result;
  }

  #compute(state: StudyState, view: readonly ObservedTrial[], count: number): Promise<SuggestResult> {
    this.counts.computed++;
    for (const { job } of this.#prepared.get(state) ?? []) this.#thread.drop(job);
    this.#prepared.delete(state);
    return this.#thread.start(state.record, view, count, true).result;
  }

  #prepare(state: StudyState, view: readonly ObservedTrial[]): Prepared {
    const { record } = state;
    const job = this.#thread.start(record, view, 1, false);
    const prepared: Prepared = { record, view, job, result: null };
    job.result.then(
      (result) => {
        prepared.result = result;
        if (!state.isDropped && state.record.state === 'running') this.prefetch(state);
      },
      () => {
        const others = (this.#prepared.get(state) ?? []).filter((each) => each !== prepared);
        this.#prepared.set(state, others);
      },
    );
    return prepared;
  }
}
