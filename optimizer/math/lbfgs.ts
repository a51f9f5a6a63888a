/**
 * Bounded quasi-Newton minimisation: L-BFGS with projection on a box. At every step the variables held at a bound by the sign of
 * their gradient are fixed, the two-loop recursion (Nocedal & Wright, "Numerical Optimization", algorithm 7.4) gives a direction
 * in the others, and a projected backtracking search with quadratic interpolation takes the step (Bertsekas 1982).
 */

/** Value at `x`; writes the gradient. May return a non-finite value where the function is undefined: the step is shortened. */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Stops when the largest component of the projected gradient is below this. */
  readonly gradientTolerance: number;
  /** Stops when a step improves by less than this times max(1, |value|). */
  readonly valueTolerance: number;
  /** Length of the first step, in the largest coordinate. */
  readonly firstStep: number;
}

export interface LbfgsResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly evaluations: number;
}

const HISTORY = 8;
const ARMIJO = 1e-4;
const MAX_BACKTRACKS = 12;

class History {
  readonly #steps: Float64Array[] = [];
  readonly #changes: Float64Array[] = [];
  readonly #weights: number[] = [];

  clear(): void {
    this.#steps.length = 0;
    this.#changes.length = 0;
    this.#weights.length = 0;
  }

  add(step: Float64Array, change: Float64Array): void {
    let curvature = 0;
    let size = 0;
    for (let i = 0; i < step.length; i++) {
      curvature += step[i] * change[i];
      size += change[i] * change[i];
    }
    // A pair without positive curvature would make the metric indefinite.
    if (!(curvature > 1e-10 * size)) return;
    if (this.#steps.length === HISTORY) {
      this.#steps.shift();
      this.#changes.shift();
      this.#weights.shift();
    }
    this.#steps.push(step);
    this.#changes.push(change);
    this.#weights.push(1 / curvature);
  }

  /** Replaces `direction` (the negative gradient, zero in the fixed variables) by the quasi-Newton direction. */
  apply(direction: Float64Array, isFree: Uint8Array): boolean {
    const count = this.#steps.length;
    if (count === 0) return false;
    const alpha = new Float64Array(count);
    for (let k = count - 1; k >= 0; k--) {
      alpha[k] = this.#weights[k] * freeDot(this.#steps[k], direction, isFree);
      addScaled(direction, -alpha[k], this.#changes[k], isFree);
    }
    const last = this.#changes[count - 1];
    const scale = freeDot(this.#steps[count - 1], last, isFree) / Math.max(freeDot(last, last, isFree), 1e-300);
    if (!(scale > 0)) return false;
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
    for (let k = 0; k < count; k++) {
      const beta = this.#weights[k] * freeDot(this.#changes[k], direction, isFree);
      addScaled(direction, alpha[k] - beta, this.#steps[k], isFree);
    }
    return true;
  }
}

function freeDot(a: Float64Array, b: Float64Array, isFree: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) if (isFree[i] === 1) sum += a[i] * b[i];
  return sum;
}

function addScaled(target: Float64Array, factor: number, source: Float64Array, isFree: Uint8Array): void {
  for (let i = 0; i < target.length; i++) if (isFree[i] === 1) target[i] += factor * source[i];
}

function clampInto(x: Float64Array, lower: Float64Array, upper: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = Math.min(upper[i], Math.max(lower[i], x[i]));
}

/** Marks the variables that may move downhill; returns the largest component of the projected gradient. */
function markFree(
  x: Float64Array,
  gradient: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  isFree: Uint8Array,
): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const blocked = (x[i] <= lower[i] && gradient[i] > 0) || (x[i] >= upper[i] && gradient[i] < 0);
    isFree[i] = blocked || lower[i] === upper[i] ? 0 : 1;
    if (isFree[i] === 1) largest = Math.max(largest, Math.abs(gradient[i]));
  }
  return largest;
}

/** Minimises `f` over the box [lower, upper] from `start` (clamped into the box first). Never worse than the start. */
export function minimizeBounded(
  f: Differentiable,
  start: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  options: LbfgsOptions,
): LbfgsResult {
  const n = start.length;
  let x = start.slice();
  clampInto(x, lower, upper);
  let gradient = new Float64Array(n);
  let value = f(x, gradient);
  let evaluations = 1;
  let iterations = 0;
  const history = new History();
  const isFree = new Uint8Array(n);
  const direction = new Float64Array(n);
  if (!Number.isFinite(value)) return { x, value, iterations, evaluations };
  for (; iterations < options.maxIterations; iterations++) {
    if (markFree(x, gradient, lower, upper, isFree) <= options.gradientTolerance) break;
    for (let i = 0; i < n; i++) direction[i] = isFree[i] === 1 ? -gradient[i] : 0;
    let isNewton = history.apply(direction, isFree);
    if (isNewton && !(freeDot(direction, gradient, isFree) < 0)) {
      for (let i = 0; i < n; i++) direction[i] = isFree[i] === 1 ? -gradient[i] : 0;
      isNewton = false;
    }
    let length = 1;
    if (!isNewton) {
      let largest = 0;
      for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(direction[i]));
      length = options.firstStep / largest;
    }
    let accepted = false;
    for (let attempt = 0; attempt < MAX_BACKTRACKS; attempt++) {
      const next = new Float64Array(n);
      for (let i = 0; i < n; i++) next[i] = x[i] + length * direction[i];
      clampInto(next, lower, upper);
      let descent = 0;
      for (let i = 0; i < n; i++) descent += gradient[i] * (next[i] - x[i]);
      const nextGradient = new Float64Array(n);
      const nextValue = f(next, nextGradient);
      evaluations++;
      if (Number.isFinite(nextValue) && nextValue <= value + ARMIJO * descent && descent < 0) {
        const step = new Float64Array(n);
        const change = new Float64Array(n);
        for (let i = 0; i < n; i++) {
          step[i] = next[i] - x[i];
          change[i] = nextGradient[i] - gradient[i];
        }
        history.add(step, change);
        const gain = value - nextValue;
        x = next;
        gradient = nextGradient;
        value = nextValue;
        accepted = gain > options.valueTolerance * Math.max(1, Math.abs(value));
        break;
      }
      const quadratic = Number.isFinite(nextValue) ? -descent / (2 * (nextValue - value - descent)) : 0.1;
      length *= Math.min(0.5, Math.max(0.1, quadratic > 0 ? quadratic : 0.1));
    }
    if (!accepted) {
      if (!isNewton) break;
      // The metric may be stale: one try along the gradient before giving up.
      history.clear();
      if (evaluations > 3 * options.maxIterations) break;
    }
  }
  return { x, value, iterations, evaluations };
}
