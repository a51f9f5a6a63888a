/**
 * What every sampler is given and must return. Pure data and pure functions: no clock, no I/O, no global random numbers.
 * Objectives keep the direction the study states; samplers minimise internally and flip at this door.
 */
import type { Rng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';

export interface Objective {
  readonly metric: string;
  readonly direction: 'minimize' | 'maximize';
  /** Worst value of interest, in the metric's unit: the objective's coordinate of the hypervolume reference point. */
  readonly reference?: number;
}

/** `violation(metrics) <= 0` means feasible. `metrics` names every metric that the function reads. */
export interface OutcomeConstraint {
  readonly name: string;
  readonly metrics: readonly string[];
  violation(metrics: Readonly<Record<string, number>>): number;
}

/** A metric that is an exact function of the params, known before any evaluation (ROM, RAM, MACs, FLOPs). */
export type KnownMetric = (params: Params) => number;

export interface SamplerProblem {
  readonly space: SearchSpace;
  readonly objectives: readonly Objective[];
  readonly constraints: readonly OutcomeConstraint[];
  /** Metrics that need no surrogate; keyed by metric name. */
  readonly known?: ReadonlyMap<string, KnownMetric>;
  /**
   * Relative standard deviations of known metrics whose functions are close, not exact. Explanations state them; samplers take the
   * functions at their word.
   */
  readonly knownErrors?: ReadonlyMap<string, number>;
  /** Cheap approximations; the surrogate learns the residual. Keyed by metric name. */
  readonly priorMean?: ReadonlyMap<string, KnownMetric>;
}

export interface MetricValue {
  readonly mean: number;
  /** Standard error of the mean, same unit; absent = unknown, 0 = exact. */
  readonly stderr?: number;
}

/**
 * A trial as a sampler sees it. `completed` and `pruned` may carry metrics; `infeasible` teaches feasibility; `failed` and
 * `abandoned` teach nothing but are never suggested again; `pending` is running or waiting.
 */
export interface ObservedTrial {
  readonly number: number;
  readonly state: 'completed' | 'infeasible' | 'failed' | 'abandoned' | 'pruned' | 'pending';
  readonly params: Params;
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

/** In trial-number order; every trial of the study appears, so that no cell is ever suggested twice. */
export type Observations = readonly ObservedTrial[];

/** Why this point: shown to users with every trial. */
export interface SuggestionReason {
  /** Which strategy made the point: 'sobol', 'mobo', 'random', 'enqueued', 'grid' … */
  readonly origin: string;
  /** Value of the acquisition function at the point, where there is one. */
  readonly acquisition?: number;
  /** Predicted metrics in the study's units, where there is a model. */
  readonly predicted?: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
  /** One sentence in words, when the strategy has more to say. */
  readonly note?: string;
}

export interface Suggestion {
  readonly params: Params;
  readonly why: SuggestionReason;
}

export type SuggestResult =
  | { readonly kind: 'suggestions'; readonly suggestions: readonly Suggestion[] }
  /** A finite space has no cell left. `suggestions` holds what was left, fewer than asked, possibly none. */
  | { readonly kind: 'exhausted'; readonly suggestions: readonly Suggestion[]; readonly reason: string };

export interface Sampler {
  readonly kind: string;
  /**
   * Suggests `count` points not in `observations`. Deterministic: the same problem, observations and `rng` state give the
   * same answer bit for bit; nothing is remembered between calls that could change an answer (caches may only save time).
   */
  suggest(observations: Observations, rng: Rng, count: number): SuggestResult;
  /**
   * The points of `count` asks in a row, in one pass over the observations: the i-th as `suggest` gives it for `rngOf(i)` when the points
   * before it are pending. Only samplers that never look at results have it.
   */
  series?(observations: Observations, rngOf: (i: number) => Rng, count: number): SuggestResult;
}
