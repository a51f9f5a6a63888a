/**
 * The front of a study and its hypervolume, kept up to date trial by trial. Objectives are turned to minimisation. Where the
 * user gave no reference point it is inferred from the front, and the history is computed again only when it moved.
 */
import { dominates, IncrementalHypervolume, inferReferencePoint } from '@tinypareto/optimizer';
import type { ObjectiveSpec } from '../contract/study.ts';
import type { TrialRecord } from '../trial/trial.ts';

/** Beyond this many objectives an exact hypervolume takes too long to be kept up to date. */
const MOST_OBJECTIVES = 6;

interface Entry {
  readonly number: number;
  /** Objectives, minimised. */
  readonly point: readonly number[];
}

export interface HypervolumeHistory {
  /** In the objectives' own directions. */
  readonly reference: readonly number[];
  /** Of the feasible completed trials, in the order in which they finished: the hypervolume after each. */
  readonly values: readonly { readonly number: number; readonly value: number }[];
}

export class Front {
  readonly #objectives: readonly ObjectiveSpec[];
  readonly #given: readonly (number | undefined)[];
  readonly #entries: Entry[] = [];
  #front: Entry[] = [];
  #reference: readonly number[] | null = null;
  #hypervolume: IncrementalHypervolume | null = null;
  #values: number[] = [];

  constructor(objectives: readonly ObjectiveSpec[]) {
    this.#objectives = objectives;
    this.#given = objectives.map(({ reference, direction }) =>
      reference === undefined ? undefined : direction === 'maximize' ? -reference : reference,
    );
  }

  /** Counts a trial that has just finished; anything but a feasible completed one is ignored. */
  add(trial: TrialRecord): void {
    if (trial.state !== 'completed' || trial.feasible !== true) return;
    const point = this.#objectives.map(({ metric, direction }) => {
      const mean = trial.metrics[metric]?.mean ?? Number.NaN;
      return direction === 'maximize' ? -mean : mean;
    });
    const entry = { number: trial.number, point };
    this.#entries.push(entry);
    if (!this.#front.some((other) => dominates(other.point, point)))
      this.#front = [...this.#front.filter((other) => !dominates(point, other.point)), entry];
  }

  /** Numbers of the non-dominated trials, ascending. */
  get numbers(): readonly number[] {
    return this.#front.map((entry) => entry.number).sort((a, b) => a - b);
  }

  get size(): number {
    return this.#front.length;
  }

  /** Null before the first feasible trial, or with too many objectives. */
  history(): HypervolumeHistory | null {
    if (this.#entries.length === 0 || this.#objectives.length > MOST_OBJECTIVES) return null;
    const values = this.#bringUpToDate();
    return {
      reference: this.#shownReference(),
      values: this.#entries.map(({ number }, i) => ({ number, value: values[i] ?? 0 })),
    };
  }

  current(): { readonly reference: readonly number[]; readonly value: number } | null {
    if (this.#entries.length === 0 || this.#objectives.length > MOST_OBJECTIVES) return null;
    const value = this.#bringUpToDate().at(-1) ?? 0;
    return { reference: this.#shownReference(), value };
  }

  /** Growth over the last `trials` feasible trials as a share of the present value; null while there are fewer. */
  gainOverLast(trials: number): number | null {
    if (this.#entries.length <= trials || this.#objectives.length > MOST_OBJECTIVES) return null;
    const values = this.#bringUpToDate();
    const now = values.at(-1) ?? 0;
    const before = values.at(-1 - trials) ?? 0;
    return now > 0 ? (now - before) / now : null;
  }

  #bringUpToDate(): readonly number[] {
    const reference = inferReferencePoint(
      this.#front.map((entry) => entry.point),
      this.#given,
    );
    if (this.#hypervolume === null || this.#reference?.some((value, j) => value !== reference[j]) !== false) {
      this.#reference = reference;
      this.#hypervolume = new IncrementalHypervolume(reference);
      this.#values = [];
    }
    for (const { point } of this.#entries.slice(this.#values.length)) {
      this.#hypervolume.add(point);
      this.#values.push(this.#hypervolume.value);
    }
    return this.#values;
  }

  #shownReference(): readonly number[] {
    return (this.#reference ?? []).map((value, j) => (this.#objectives[j]?.direction === 'maximize' ? -value : value));
  }
}
