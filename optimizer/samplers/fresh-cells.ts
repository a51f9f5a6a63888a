/**
 * The cells that may still be suggested: allowed by the space, not ruled out by a constraint on known metrics, and never seen before in
 * any state. One instance serves one call of `suggest`.
 */
import type { Rng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import type { Observations, OutcomeConstraint, SamplerProblem } from './sampler.ts';

/** Draws tried before a finite space is searched cell by cell. */
const DRAWS = 200;
/** Draws tried in a space that cannot be listed. */
const DRAWS_UNLISTED = 20_000;
/** Up to this many cells are listed, so that the choice among the last ones is uniform. */
const LISTED_CELLS = 2 ** 16;
/** Cells looked at in one search of a larger finite space. */
const SCANNED_CELLS = 2 ** 22;

/** Constraints that can be judged before any evaluation, because every metric they read is known. */
export function knownConstraints(problem: SamplerProblem): OutcomeConstraint[] {
  const known = problem.known;
  if (known === undefined) return [];
  return problem.constraints.filter((c) => c.metrics.length > 0 && c.metrics.every((metric) => known.has(metric)));
}

/** Whether no constraint on known metrics forbids `params`. */
export function meetsKnownConstraints(
  problem: SamplerProblem,
  params: Params,
  constraints: readonly OutcomeConstraint[] = knownConstraints(problem),
): boolean {
  return constraints.every((constraint) => {
    const metrics: Record<string, number> = {};
    for (const metric of constraint.metrics) metrics[metric] = problem.known?.get(metric)?.(params) ?? Number.NaN;
    return constraint.violation(metrics) <= 0;
  });
}

export class FreshCells {
  readonly #problem: SamplerProblem;
  readonly #constraints: readonly OutcomeConstraint[];
  readonly #taken: Set<string>;

  constructor(problem: SamplerProblem, observations: Observations) {
    this.#problem = problem;
    this.#constraints = knownConstraints(problem);
    this.#taken = new Set(observations.map((trial) => problem.space.cellKey(trial.params)));
  }

  /** Whether `params` may be suggested. */
  isFresh(params: Params): boolean {
    const { space } = this.#problem;
    return (
      !this.#taken.has(space.cellKey(params)) &&
      space.isAllowed(params) &&
      meetsKnownConstraints(this.#problem, params, this.#constraints)
    );
  }

  /** Marks `params` as suggested. */
  take(params: Params): void {
    this.#taken.add(this.#problem.space.cellKey(params));
  }

  /** Whether every cell is taken, as far as counting tells without looking at constraints. */
  get isFull(): boolean {
    return this.#taken.size >= this.#problem.space.cellCount;
  }

  /**
   * A fresh point: the first fresh one among `draw(0)`, `draw(1)`, …, else any cell that is left; null when there is none. `draw` may
   * answer null for "no point this time".
   */
  pick(rng: Rng, draw: (attempt: number) => Params | null): Params | null {
    if (this.isFull) return null;
    const finite = Number.isFinite(this.#problem.space.cellCount);
    const draws = finite ? DRAWS : DRAWS_UNLISTED;
    for (let attempt = 0; attempt < draws; attempt++) {
      const params = draw(attempt);
      if (params !== null && this.isFresh(params)) return params;
    }
    return finite ? this.#search(rng) : null;
  }

  /** A uniformly drawn fresh point, or null when none is left. */
  sample(rng: Rng): Params | null {
    return this.pick(rng, () => this.#problem.space.sampleParams(rng, 1));
  }

  #search(rng: Rng): Params | null {
    const { space } = this.#problem;
    const count = space.cellCount;
    if (count <= LISTED_CELLS) {
      const left: Params[] = [];
      for (let index = 0; index < count; index++) {
        const params = space.cellAt(index);
        if (this.isFresh(params)) left.push(params);
      }
      return left.length === 0 ? null : left[rng.nextInt(left.length)];
    }
    const start = Math.floor(rng.nextFloat() * count);
    for (let step = 0; step < Math.min(count, SCANNED_CELLS); step++) {
      const params = space.cellAt((start + step) % count);
      if (this.isFresh(params)) return params;
    }
    return null;
  }

  /** Why nothing is left, in words. */
  get exhaustedReason(): string {
    const { cellCount } = this.#problem.space;
    if (this.isFull) return `all ${cellCount} cells of the space have been tried or are running`;
    if (!Number.isFinite(cellCount))
      return `no allowed point found in ${DRAWS_UNLISTED} draws: the constraints leave almost nothing`;
    return `no cell is left: of ${cellCount}, ${this.#taken.size} have been tried or are running and constraints forbid the others`;
  }
}
