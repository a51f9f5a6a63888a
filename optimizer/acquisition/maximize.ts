/**
 * Maximises an acquisition over a mixed, conditional, constrained space: many cheap evaluations, then from the most promising points
 * bounded quasi-Newton on the continuous coordinates in turn with the best single discrete move, until neither improves.
 * Every point evaluated counts; the best ones whose cells have not been seen are returned.
 */
import { minimizeBounded } from '../math/lbfgs.ts';
import type { Rng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';
import type { Acquisition } from './acquisition.ts';
import { type Candidate, toCandidate } from './candidate.ts';

export interface SearchTask {
  readonly space: SearchSpace;
  readonly acquisition: Acquisition;
  /** Total violation of the constraints that are known without evaluation; 0 where allowed. */
  readonly knownViolation: (params: Params) => number;
  /** Whether a point must not be returned. */
  readonly isSeen: (params: Params) => boolean;
  /** Good points found so far: some starts are drawn around them. */
  readonly incumbents: readonly Params[];
  /** Called before every evaluation; what it throws ends the search. */
  readonly interrupt?: () => void;
}

export interface SearchEffort {
  /** Points tried without gradients. */
  readonly rawSamples: number;
  /** Local searches. */
  readonly restarts: number;
  /** Quasi-Newton iterations per continuous step. */
  readonly iterations: number;
  /** Spaces with at most this many cells are searched exhaustively. */
  readonly exhaustive: number;
}

export interface Found {
  readonly candidate: Candidate;
  readonly value: number;
}

/** Ordinals with more levels than this move as if they were continuous, too. */
const MAX_EXHAUSTIVE_LEVELS = 16;
const MAX_ROUNDS = 24;
const TOLERANCE = 1e-7;

/** Evaluates candidates of one task and remembers the best unseen ones. */
export class CandidateSearch {
  readonly #task: SearchTask;
  readonly #effort: SearchEffort;
  readonly #best: Found[] = [];
  readonly #keys = new Set<string>();

  constructor(task: SearchTask, effort: SearchEffort) {
    this.#task = task;
    this.#effort = effort;
  }

  /** Acquisition value, or a large negative value that falls with the known violation. */
  value(candidate: Candidate): number {
    this.#task.interrupt?.();
    const violation = this.#task.knownViolation(candidate.params);
    const value = violation > 0 ? -1e12 * (1 + violation) : this.#task.acquisition.evaluate(candidate);
    if (violation === 0) this.#offer(candidate, value);
    return value;
  }

  /** Keeps the best few unseen points. */
  #offer(candidate: Candidate, value: number): void {
    const limit = 8;
    const worst = this.#best.at(-1);
    if (Number.isNaN(value) || (this.#best.length === limit && worst !== undefined && value <= worst.value)) return;
    const key = this.#task.space.cellKey(candidate.params);
    if (this.#keys.has(key) || this.#task.isSeen(candidate.params)) return;
    this.#keys.add(key);
    let at = this.#best.length;
    while (at > 0 && this.#best[at - 1].value < value) at--;
    this.#best.splice(at, 0, { candidate, value });
    if (this.#best.length > limit) this.#best.pop();
  }

  results(): readonly Found[] {
    return this.#best;
  }

  /** Quasi-Newton on the coordinates that can move smoothly. */
  climb(from: Found): Found {
    const { space, acquisition } = this.#task;
    const free: number[] = [];
    space.dimensions.forEach((dimension, d) => {
      if (dimension.kind === 'continuous' && !Number.isNaN(from.candidate.row[d])) free.push(d);
    });
    if (free.length === 0) return from;
    const unit = from.candidate.unit.slice();
    const full = new Float64Array(unit.length);
    const at = (x: Float64Array): Params => {
      free.forEach((d, i) => {
        unit[d] = x[i];
      });
      return space.decode(unit);
    };
    const negated = (x: Float64Array, gradient: Float64Array): number => {
      this.#task.interrupt?.();
      const params = at(x);
      if (this.#task.knownViolation(params) > 0 || !space.isAllowed(params)) return Number.POSITIVE_INFINITY;
      const value = acquisition.evaluate(toCandidate(space, params), full);
      free.forEach((d, i) => {
        gradient[i] = -full[d];
      });
      return -value;
    };
    const start = Float64Array.from(free, (d) => from.candidate.unit[d]);
    const lower = new Float64Array(free.length);
    const upper = new Float64Array(free.length).fill(1);
    const result = minimizeBounded(negated, start, lower, upper, {
      maxIterations: this.#effort.iterations,
      gradientTolerance: 1e-5,
      valueTolerance: 1e-9,
      firstStep: 0.05,
    });
    if (!(-result.value > from.value)) return from;
    const candidate = toCandidate(space, at(result.x));
    return { candidate, value: this.value(candidate) };
  }

  /** The best point one discrete move away, if it is better. */
  hop(from: Found): Found {
    let best = from;
    for (const candidate of this.#moves(from.candidate)) {
      const value = this.value(candidate);
      if (value > best.value + TOLERANCE) best = { candidate, value };
    }
    return best;
  }

  *#moves(from: Candidate): Generator<Candidate> {
    const { space } = this.#task;
    for (let d = 0; d < space.dimensions.length; d++) {
      const dimension = space.dimensions[d];
      if (dimension.kind === 'continuous' || Number.isNaN(from.row[d])) continue;
      const current = dimension.levelOf(from.params[dimension.name]);
      for (const level of reachableLevels(dimension.kind, dimension.levels, current)) {
        const unit = from.unit.slice();
        unit[d] = dimension.unitOf(dimension.valueOfLevel(level));
        const params = space.decode(unit);
        if (space.isAllowed(params)) yield toCandidate(space, params);
      }
    }
  }

  improve(start: Found): void {
    let current = start;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const climbed = this.climb(current);
      const hopped = this.hop(climbed);
      const gain = hopped.value - current.value;
      const isSettled = hopped === climbed;
      current = hopped;
      if (isSettled || !(gain > TOLERANCE)) break;
    }
  }
}

/** Levels tried from `current`: all of a category or a short grid; near and far steps of a long grid. */
export function reachableLevels(kind: string, levels: number, current: number): number[] {
  const wanted = new Set<number>();
  if (kind === 'categorical' || levels <= MAX_EXHAUSTIVE_LEVELS) {
    for (let k = 0; k < levels; k++) wanted.add(k);
  } else {
    for (let step = 1; step < levels; step *= 2) {
      wanted.add(Math.max(0, current - step));
      wanted.add(Math.min(levels - 1, current + step));
    }
  }
  wanted.delete(current);
  return [...wanted].sort((a, b) => a - b);
}

/** Points of an additive recurrence with a random shift (generalised golden ratio): even cover for any number of points. */
function* quasiRandomUnits(D: number, rng: Rng): Generator<Float64Array> {
  let root = 2;
  for (let i = 0; i < 60; i++) root = (1 + root) ** (1 / (D + 1));
  const steps = Float64Array.from({ length: D }, (_, d) => (1 / root) ** (d + 1) % 1);
  const shift = Float64Array.from({ length: D }, () => rng.nextFloat());
  for (let i = 1; ; i++) yield shift.map((s, d) => (s + i * steps[d]) % 1);
}

/** A point near an incumbent: a few coordinates move, continuous ones by a normal step, discrete ones to another level. */
function perturb(space: SearchSpace, params: Params, rng: Rng): Params {
  const unit = space.encode(params);
  const D = unit.length;
  const rate = Math.min(1, 3 / D);
  const size = 0.2 * rng.nextFloat() ** 2;
  const forced = rng.nextInt(D);
  for (let d = 0; d < D; d++) {
    if (d !== forced && rng.nextFloat() >= rate) continue;
    const dimension = space.dimensions[d];
    if (dimension.kind === 'categorical') unit[d] = rng.nextFloat();
    else {
      const grain = dimension.kind === 'ordinal' ? 1 / dimension.levels : 0;
      unit[d] = Math.min(1, Math.max(0, unit[d] + Math.max(size, grain) * rng.nextNormal()));
    }
  }
  return space.decode(unit);
}

/** Draws starts without replacement, the best for certain, the others with weights exp(standardised value). */
function chooseStarts(pool: readonly Found[], count: number, rng: Rng): Found[] {
  const finite = pool.filter((found) => Number.isFinite(found.value) && found.value > -1e11);
  const usable = finite.length > 0 ? finite : pool.filter((found) => Number.isFinite(found.value));
  if (usable.length === 0) return [];
  const order = [...usable.keys()].sort((a, b) => usable[b].value - usable[a].value || a - b);
  const top = usable[order[0]].value;
  let spread = 0;
  for (const found of usable) spread += (found.value - top) * (found.value - top);
  const scale = Math.max(1e-9, Math.sqrt(spread / usable.length));
  // Gumbel-top-k: adding Gumbel noise to log weights and sorting draws without replacement.
  const keyed = order.map((index, rank) => {
    const noise = -Math.log(-Math.log(Math.max(1e-12, rng.nextFloat())));
    return { index, key: rank < 2 ? Number.POSITIVE_INFINITY : (3 * (usable[index].value - top)) / scale + noise };
  });
  keyed.sort((a, b) => (a.key === b.key ? a.index - b.index : b.key - a.key));
  return keyed.slice(0, count).map(({ index }) => usable[index]);
}

/** Evaluates `count` evenly spread points and half as many around the incumbents. */
export function drawPool(task: SearchTask, search: CandidateSearch, count: number, rng: Rng): Found[] {
  const { space, incumbents } = task;
  const pool: Found[] = [];
  const add = (params: Params): void => {
    if (!space.isAllowed(params)) return;
    const candidate = toCandidate(space, params);
    pool.push({ candidate, value: search.value(candidate) });
  };
  const units = quasiRandomUnits(space.dimensions.length, rng.fork('raw'));
  for (let i = 0; i < count; i++) {
    const unit = units.next().value;
    if (unit !== undefined) add(space.decode(unit));
  }
  const nearRng = rng.fork('near');
  for (let i = 0; incumbents.length > 0 && i < count / 2; i++) {
    add(perturb(space, incumbents[i % incumbents.length], nearRng));
  }
  return pool;
}

/** The best unseen points, best first; empty when no allowed, unseen point was met. */
export function maximizeAcquisition(task: SearchTask, effort: SearchEffort, rng: Rng): readonly Found[] {
  const { space } = task;
  const search = new CandidateSearch(task, effort);
  if (space.cellCount <= effort.exhaustive) {
    for (const params of space.cells()) search.value(toCandidate(space, params));
    return search.results();
  }
  const pool = drawPool(task, search, effort.rawSamples, rng);
  for (const start of chooseStarts(pool, effort.restarts, rng.fork('starts'))) search.improve(start);
  return search.results();
}
