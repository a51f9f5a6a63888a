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

function insert(front: Entry[], entry: Entry): void {
  if (front.some((other) => dominates(other.point, entry.point))) return;
  for (let i = front.length - 1; i >= 0; i--) {
    const other = front[i];
    if (other !== undefined && dominates(entry.point, other.point)) front.splice(i, 1);
  }
  front.push(entry);
}

/** Two objectives: along a sorted front the second falls, so the place is found by bisection and what is dominated lies next to it. */
function insertSorted(front: Entry[], entry: Entry): void {
  const [x = Number.NaN, y = Number.NaN] = entry.point;
  let low = 0;
  let high = front.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((front[middle]?.point[0] ?? Number.NaN) < x) low = middle + 1;
    else high = middle;
  }
  const before = front[low - 1];
  const at = front[low];
  if (before !== undefined && dominates(before.point, entry.point)) return;
  if (at !== undefined && dominates(at.point, entry.point)) return;
  let end = low;
  while (end < front.length && (front[end]?.point[1] ?? Number.NaN) >= y && !isSame(front[end], entry)) end++;
  front.splice(low, end - low, entry);
}

function isSame(a: Entry | undefined, b: Entry): boolean {
  return a?.point.every((value, j) => value === b.point[j]) === true;
}

export class Front {
  readonly #objectives: readonly ObjectiveSpec[];
  readonly #given: readonly (number | undefined)[];
  readonly #entries: Entry[] = [];
  /** Number of points after each trial that was tried out, feasible or not. */
  readonly #pointsAfter: number[] = [];
  /** With two objectives ascending by the first. */
  readonly #front: Entry[] = [];
  #reference: readonly number[] | null = null;
  #hypervolume: IncrementalHypervolume | null = null;
  #values: number[] = [];

  constructor(objectives: readonly ObjectiveSpec[]) {
    this.#objectives = objectives;
    this.#given = objectives.map(({ reference, direction }) =>
      reference === undefined ? undefined : direction === 'maximize' ? -reference : reference,
    );
  }

  /** Counts a trial that has just finished; only a feasible completed one can be on the front. */
  add(trial: TrialRecord): void {
    if (trial.state !== 'completed' && trial.state !== 'pruned' && trial.state !== 'infeasible') return;
    if (trial.state === 'completed' && trial.feasible === true) this.#addPoint(trial);
    this.#pointsAfter.push(this.#entries.length);
  }

  #addPoint(trial: TrialRecord): void {
    const point = this.#objectives.map(({ metric, direction }) => {
      const mean = trial.metrics[metric]?.mean ?? Number.NaN;
      return direction === 'maximize' ? -mean : mean;
    });
    const entry = { number: trial.number, point };
    this.#entries.push(entry);
    if (point.length === 2) insertSorted(this.#front, entry);
    else insert(this.#front, entry);
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

  /**
   * Growth of the hypervolume over the last `trials` trials that were tried out (feasible or not) as a share of its present value;
   * null while there are fewer, or nothing feasible lies below the reference point.
   */
  gainOverLast(trials: number): number | null {
    if (this.#pointsAfter.length <= trials || this.#objectives.length > MOST_OBJECTIVES) return null;
    const values = this.#bringUpToDate();
    const now = values.at(-1) ?? 0;
    const before = values[(this.#pointsAfter.at(-1 - trials) ?? 0) - 1] ?? 0;
    return now > 0 ? (now - before) / now : null;
  }

  #bringUpToDate(): readonly number[] {
    if (this.#entries.length === 0) return [];
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
