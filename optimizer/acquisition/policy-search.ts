/**
 * Maximises an acquisition by an ensemble of competing parametric policies instead of gradients. A policy is a linear map from what is
 * seen at a point — its coordinates, the direction of the last step, whether that step paid off — to the next step. Each is trained by
 * augmented random search (Mania, Guy, Recht 2018, arXiv 1803.07055: antithetic directions, only the best ones used, steps divided by
 * the deviation of the rewards) where the reward of a rollout is the largest log acquisition on its way. The policies start from different
 * incumbents and compete: every point that any rollout visits counts, the best unseen ones are returned.
 */
import type { Rng } from '../math/rng.ts';
import type { Candidate } from './candidate.ts';
import { toCandidate } from './candidate.ts';
import { CandidateSearch, drawPool, type Found, type SearchEffort, type SearchTask } from './maximize.ts';

/** Policies that compete. */
const POLICIES = 6;
/** Training updates per policy; each tries DIRECTIONS antithetic pairs and keeps the best KEPT. */
const UPDATES = 8;
const DIRECTIONS = 4;
const KEPT = 2;
/** Steps of a rollout, each at most STEP in a coordinate. */
const HORIZON = 5;
const STEP = 0.25;
/** Size of the tried directions and of an update, in units of the policy's entries. */
const NOISE = 0.4;
const LEARNING_RATE = 0.3;

/** Rewards that cannot be compared (-Infinity, known violations) are held at this distance below the best start. */
const REWARD_FLOOR = 50;

class Policy {
  readonly size: number;
  readonly #D: number;
  readonly weights: Float64Array;

  constructor(D: number, rng: Rng) {
    this.#D = D;
    this.size = D * (2 * D + 2);
    this.weights = Float64Array.from({ length: this.size }, () => 0.3 * rng.nextNormal());
  }

  /** The next point: tanh of a linear map of [position - 1/2, last step, gain of the last step, 1]. */
  step(unit: Float64Array, last: Float64Array, gain: number, weights: Float64Array): Float64Array {
    const D = this.#D;
    const next = new Float64Array(D);
    const width = 2 * D + 2;
    for (let d = 0; d < D; d++) {
      let sum = weights[d * width + 2 * D] * gain + weights[d * width + 2 * D + 1];
      for (let i = 0; i < D; i++) {
        sum += weights[d * width + i] * (unit[i] - 0.5) + weights[d * width + D + i] * (last[i] / STEP);
      }
      next[d] = Math.min(1, Math.max(0, unit[d] + STEP * Math.tanh(sum)));
    }
    return next;
  }
}

class Trainer {
  readonly #task: SearchTask;
  readonly #search: CandidateSearch;
  readonly #policy: Policy;
  readonly #start: Found;

  constructor(task: SearchTask, search: CandidateSearch, policy: Policy, start: Found) {
    this.#task = task;
    this.#search = search;
    this.#policy = policy;
    this.#start = start;
  }

  /** Largest value met by the policy with these weights, from the start. */
  #rollout(weights: Float64Array): number {
    const { space } = this.#task;
    const D = space.dimensions.length;
    let candidate: Candidate = this.#start.candidate;
    let value = this.#start.value;
    let best = Number.NEGATIVE_INFINITY;
    let last = new Float64Array(D);
    let gain = 0;
    for (let h = 0; h < HORIZON; h++) {
      const unit = this.#policy.step(candidate.unit, last, gain, weights);
      const params = space.decode(unit);
      if (!space.isAllowed(params)) break;
      const next = toCandidate(space, params);
      const nextValue = this.#search.value(next);
      last = next.unit.map((v, d) => v - candidate.unit[d]);
      gain = Number.isFinite(nextValue - value) ? Math.tanh(nextValue - value) : -1;
      candidate = next;
      value = nextValue;
      best = Math.max(best, value);
    }
    return Math.max(best, this.#start.value - REWARD_FLOOR);
  }

  train(rng: Rng): void {
    const { weights, size } = this.#policy;
    for (let update = 0; update < UPDATES; update++) {
      const trials = Array.from({ length: DIRECTIONS }, () => {
        const direction = Float64Array.from({ length: size }, () => rng.nextNormal());
        const plus = this.#rollout(weights.map((w, i) => w + NOISE * direction[i]));
        const minus = this.#rollout(weights.map((w, i) => w - NOISE * direction[i]));
        return { direction, plus, minus, best: Math.max(plus, minus) };
      });
      const kept = trials.sort((a, b) => b.best - a.best).slice(0, KEPT);
      const rewards = kept.flatMap(({ plus, minus }) => [plus, minus]);
      const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
      const deviation = Math.sqrt(rewards.reduce((sum, r) => sum + (r - mean) * (r - mean), 0) / rewards.length);
      if (!(deviation > 0)) continue;
      const rate = LEARNING_RATE / (KEPT * deviation * Math.sqrt(size));
      for (const { direction, plus, minus } of kept) {
        for (let i = 0; i < size; i++) weights[i] += rate * (plus - minus) * direction[i];
      }
    }
  }
}

/** The best unseen points that the ensemble meets, best first. */
export function searchByPolicies(task: SearchTask, effort: SearchEffort, rng: Rng): readonly Found[] {
  const search = new CandidateSearch(task, effort);
  const D = task.space.dimensions.length;
  const pool = drawPool(task, search, effort.rawSamples / 2, rng);
  const starts = pool
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => b.value - a.value)
    .slice(0, POLICIES);
  starts.forEach((start, p) => {
    const policyRng = rng.fork(`policy ${p}`);
    new Trainer(task, search, new Policy(D, policyRng), start).train(policyRng);
  });
  return search.results();
}
