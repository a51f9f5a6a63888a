/**
 * Points of samplers that do not look at results, in blocks: block b holds the points for trials 128 b … 128 b + 127, computed from the
 * trials before the block in one pass, so that an ask costs no walk over all trials.
 */
import {
  createRng,
  type ObservedTrial,
  type Rng,
  type Sampler,
  type Suggestion,
  type SuggestResult,
} from '@tinypareto/optimizer';
import { buildProblem, buildSampler, samplerTask } from './sampler-task.ts';
import type { StudyRecord } from './study.ts';
import type { StudyState } from './study-state.ts';

const BLOCK = 128;
const BLIND_SAMPLERS: ReadonlySet<string> = new Set(['random', 'sobol', 'grid', 'list']);

interface Pool {
  readonly record: StudyRecord;
  readonly sampler: Sampler;
  block: number;
  points: Suggestion[];
}

export function isBlind({ record }: StudyState): boolean {
  return BLIND_SAMPLERS.has(record.sampler.kind);
}

export class BlindPoints {
  readonly #pools = new WeakMap<StudyState, Pool>();

  /** The next `count` points of a study in its present state. */
  async suggest(state: StudyState, count: number): Promise<SuggestResult> {
    const pool = await this.#poolOf(state);
    const number = state.trials.length;
    const block = Math.floor(number / BLOCK);
    const { seed } = state.record.sampler;
    if (pool.block !== block) {
      // In a space that is never used up a random point repeats none: the walk over all trials can be left out.
      const isEndless = state.record.sampler.kind === 'random' && !Number.isFinite(state.space.cellCount);
      const before = isEndless ? [] : state.observations.slice(0, block * BLOCK);
      pool.points = [...inRow(pool.sampler, before, seed, block * BLOCK, BLOCK).suggestions];
      pool.block = block;
    }
    const isFree = ({ params }: Suggestion): boolean => !state.isTaken(params);
    const suggestions = takeFirst(pool.points, count, isFree);
    if (suggestions.length === count) return { kind: 'suggestions', suggestions };
    // The block is used up (points of it were enqueued or imported, or the ask reaches beyond it).
    const seen = [
      ...state.observations,
      ...suggestions.map(
        ({ params }, i): ObservedTrial => ({ number: number + i, state: 'pending', params, metrics: {} }),
      ),
    ];
    const rest = inRow(pool.sampler, seen, seed, number + suggestions.length, count - suggestions.length);
    return { ...rest, suggestions: [...suggestions, ...rest.suggestions] };
  }

  async #poolOf(state: StudyState): Promise<Pool> {
    const known = this.#pools.get(state);
    if (known?.record.constraints === state.record.constraints) return known;
    const task = samplerTask(state.record);
    const sampler = await buildSampler(task, await buildProblem(task));
    const made: Pool = { record: state.record, sampler, block: -1, points: [] };
    this.#pools.set(state, made);
    return made;
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
