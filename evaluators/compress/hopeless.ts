/**
 * Gives up a training that cannot end well. Its steps are seen in eight windows; from half-time on it is hopeless when
 *
 *   - it never answered better than by chance (share of right answers within 3 standard errors of 1 / classes), or
 *   - even an optimistic end misses the asked accuracy: the last windows' gain goes on to the end, and then two thirds of the
 *     remaining errors vanish as the learning rate falls. Learning curves are concave, so this overestimates.
 */
import type { Observer } from '../train/finetune.ts';
import { CompressionError } from './compression-error.ts';

const WINDOWS = 8;
const ERRORS_LEFT = 1 / 3;
/** Fewer samples per window say too little. */
const FEWEST_SAMPLES = 200;

export interface HopelessOptions {
  readonly classes: number;
  /** Accuracy below which the trial is of no use; absent = only chance is hopeless. */
  readonly minimumAccuracy?: number;
}

export interface BatchOutcome {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  /** Samples in the batch, and the share of them classified right. */
  readonly samples: number;
  readonly accuracy: number;
}

export class HopelessCheck implements Observer {
  readonly #options: HopelessOptions;
  #shares: number[] = [];
  #right = 0;
  #seen = 0;
  #smallest = Number.POSITIVE_INFINITY;

  constructor(options: HopelessOptions) {
    this.#options = options;
  }

  /** Throws CompressionError HOPELESS. */
  observe({ step, steps, samples, accuracy }: BatchOutcome): void {
    if (Number.isNaN(accuracy)) return;
    this.#right += accuracy * samples;
    this.#seen += samples;
    if (step * WINDOWS < (this.#shares.length + 1) * steps) return;
    this.#smallest = Math.min(this.#smallest, this.#seen);
    this.#shares.push(this.#right / this.#seen);
    this.#right = 0;
    this.#seen = 0;
    const window = this.#shares.length;
    if (window >= WINDOWS / 2 && window < WINDOWS && this.#smallest >= FEWEST_SAMPLES) this.#judge(window);
  }

  save(): Float64Array {
    return Float64Array.of(this.#right, this.#seen, this.#smallest, ...this.#shares);
  }

  restore([right, seen, smallest, ...shares]: Float64Array): void {
    this.#right = right;
    this.#seen = seen;
    this.#smallest = smallest;
    this.#shares = shares;
  }

  #judge(window: number): void {
    const { classes, minimumAccuracy } = this.#options;
    const chance = 1 / Math.max(2, classes);
    const luck = 3 * Math.sqrt((chance * (1 - chance)) / this.#smallest);
    const done = `${Math.round((100 * window) / WINDOWS)} % of the training`;
    if (this.#shares.every((share) => share <= chance + luck)) {
      throw new CompressionError('HOPELESS', `given up after ${done}: the network answers by chance`);
    }
    if (minimumAccuracy === undefined) return;
    const now = this.#shares[window - 1];
    const gain = Math.max(0, now - this.#shares[window - 3]) / 2;
    const reach = Math.min(1, now + gain * (WINDOWS - window));
    const best = 1 - (1 - reach) * ERRORS_LEFT;
    if (best >= minimumAccuracy) return;
    const percent = (share: number): string => (100 * share).toFixed(1);
    throw new CompressionError(
      'HOPELESS',
      `given up after ${done}: ${percent(now)} % right, at best ${percent(best)} % in the end, ${percent(minimumAccuracy)} % asked`,
    );
  }
}
