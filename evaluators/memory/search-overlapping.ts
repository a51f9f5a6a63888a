/**
 * Complete search for a placement within a capacity where some buffers may lie under others (overlap.ts). Any two buffers i, j that are
 * alive together are a choice between two differences:
 *
 *   offset_j ≥ offset_i + above[i→j]   or   offset_i ≥ offset_j + above[j→i],
 *
 * above[i→j] = the size of i, or the allowed distance when i may lie under j. Each buffer has a least and a greatest offset; a choice
 * that does not fit between them is refuted, a pair with one choice left is settled, and its difference narrows both buffers. Search
 * branches on the pair with the least room (the disjunctive graph of job-shop scheduling, after Carlier and Pinson 1989).
 *
 * Distances of overlaps count, multiples that they must be of do not: the caller raises alignments to have them.
 */
import { overlapInTime, type PlannedBuffer } from './buffer.ts';
import type { AllowedOverlap } from './overlap.ts';

export type OverlapSearchResult =
  | { readonly kind: 'found'; readonly offsets: Float64Array; readonly nodes: number }
  | { readonly kind: 'infeasible'; readonly nodes: number }
  /** The node limit was reached first. */
  | { readonly kind: 'gaveUp'; readonly nodes: number };

/** Bytes [from, to) that a buffer must stay in. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** 'infeasible' is a proof; `nodeLimit` bounds the work. `stretches`: by id, for buffers that may not lie anywhere. */
export function searchOverlapping(
  buffers: readonly PlannedBuffer[],
  overlaps: readonly AllowedOverlap[],
  capacityBytes: number,
  nodeLimit: number,
  stretches: ReadonlyMap<string, Stretch> = new Map(),
): OverlapSearchResult {
  const within = buffers.map(({ id }) => {
    const { from, to } = stretches.get(id) ?? { from: 0, to: capacityBytes };
    return { from, to: Math.min(to, capacityBytes) };
  });
  const search = new DisjunctiveSearch(buffers, overlaps, within, nodeLimit);
  const verdict = search.run();
  return verdict === 'found'
    ? { kind: 'found', offsets: search.low, nodes: search.nodes }
    : { kind: verdict, nodes: search.nodes };
}

interface Pair {
  readonly i: number;
  readonly j: number;
  /** Least offset_j - offset_i when i is the lower one. */
  readonly iUnderJ: number;
  readonly jUnderI: number;
}

const OPEN = 0;
const I_UNDER_J = 1;
const J_UNDER_I = 2;

/** What the trail holds: which array, where, what was there. */
const LOW = 0;
const HIGH = 1;
const CHOICE = 2;

class DisjunctiveSearch {
  nodes = 0;
  readonly low: Float64Array;
  readonly #high: Float64Array;
  readonly #alignment: readonly number[];
  readonly #pairs: readonly Pair[];
  readonly #pairsOf: readonly (readonly number[])[];
  readonly #choice: Uint8Array;
  readonly #limit: number;
  readonly #trail: { readonly of: number; readonly at: number; readonly was: number }[] = [];
  readonly #queue: number[] = [];

  constructor(
    buffers: readonly PlannedBuffer[],
    overlaps: readonly AllowedOverlap[],
    within: readonly Stretch[],
    nodeLimit: number,
  ) {
    this.#limit = nodeLimit;
    this.#alignment = buffers.map(({ alignment = 1 }) => alignment);
    this.low = Float64Array.from(buffers, ({ alignment = 1 }, i) => roundUp(within[i].from, alignment));
    this.#high = Float64Array.from(buffers, ({ sizeBytes, alignment = 1 }, i) =>
      roundDown(within[i].to - sizeBytes, alignment),
    );
    this.#pairs = pairsOf(buffers, overlaps);
    const pairsAt: number[][] = buffers.map(() => []);
    this.#pairs.forEach(({ i, j }, pair) => {
      pairsAt[i].push(pair);
      pairsAt[j].push(pair);
    });
    this.#pairsOf = pairsAt;
    this.#choice = new Uint8Array(this.#pairs.length);
  }

  run(): 'found' | 'infeasible' | 'gaveUp' {
    if (this.#high.some((most, i) => most < this.low[i])) return 'infeasible';
    this.#queue.push(...this.low.keys());
    return this.#propagate() ? this.#search() : 'infeasible';
  }

  /** Depth first with an explicit stack: a plan has one choice for every pair. */
  #search(): 'found' | 'infeasible' | 'gaveUp' {
    const stack: { readonly trail: number; readonly pair: number; second: number }[] = [];
    for (;;) {
      const pair = this.#tightestPair();
      if (pair < 0) return 'found';
      if (++this.nodes > this.#limit) return 'gaveUp';
      const { i, j, iUnderJ, jUnderI } = this.#pairs[pair];
      const room = this.#room(i, j, iUnderJ) - this.#room(j, i, jUnderI);
      const first = room >= 0 ? I_UNDER_J : J_UNDER_I;
      stack.push({ trail: this.#trail.length, pair, second: first === I_UNDER_J ? J_UNDER_I : I_UNDER_J });
      if (this.#settle(pair, first) && this.#propagate()) continue;
      for (let resumed = false; !resumed; ) {
        const top = stack.at(-1);
        if (top === undefined) return 'infeasible';
        this.#undo(top.trail);
        if (top.second === OPEN) {
          stack.pop();
          continue;
        }
        const { second } = top;
        top.second = OPEN;
        resumed = this.#settle(top.pair, second) && this.#propagate();
      }
    }
  }

  /** Of the open pairs that the least offsets violate the one with the least room; -1 when the least offsets are a plan. */
  #tightestPair(): number {
    let tightest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let pair = 0; pair < this.#pairs.length; pair++) {
      if (this.#choice[pair] !== OPEN) continue;
      const { i, j, iUnderJ, jUnderI } = this.#pairs[pair];
      const difference = this.low[j] - this.low[i];
      if (difference >= iUnderJ || -difference >= jUnderI) continue;
      const room = Math.min(this.#room(i, j, iUnderJ), this.#room(j, i, jUnderI));
      if (room < least) {
        least = room;
        tightest = pair;
      }
    }
    return tightest;
  }

  /** How far `upper` could still move when it lies `distance` above `lower`; negative when it cannot lie there. */
  #room(lower: number, upper: number, distance: number): number {
    return this.#high[upper] - this.low[lower] - distance;
  }

  #settle(pair: number, choice: number): boolean {
    this.#trail.push({ of: CHOICE, at: pair, was: this.#choice[pair] });
    this.#choice[pair] = choice;
    const { i, j, iUnderJ, jUnderI } = this.#pairs[pair];
    return choice === I_UNDER_J ? this.#keepApart(i, j, iUnderJ) : this.#keepApart(j, i, jUnderI);
  }

  /** offset_upper ≥ offset_lower + distance. */
  #keepApart(lower: number, upper: number, distance: number): boolean {
    const least = roundUp(this.low[lower] + distance, this.#alignment[upper]);
    if (least > this.low[upper]) {
      this.#trail.push({ of: LOW, at: upper, was: this.low[upper] });
      this.low[upper] = least;
      this.#queue.push(upper);
    }
    const most = roundDown(this.#high[upper] - distance, this.#alignment[lower]);
    if (most < this.#high[lower]) {
      this.#trail.push({ of: HIGH, at: lower, was: this.#high[lower] });
      this.#high[lower] = most;
      this.#queue.push(lower);
    }
    return this.low[upper] <= this.#high[upper] && this.low[lower] <= this.#high[lower];
  }

  #propagate(): boolean {
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      for (const pair of this.#pairsOf[next]) {
        if (this.#narrow(pair)) continue;
        this.#queue.length = 0;
        return false;
      }
    }
    return true;
  }

  #narrow(pair: number): boolean {
    const { i, j, iUnderJ, jUnderI } = this.#pairs[pair];
    if (this.#choice[pair] === I_UNDER_J) return this.#keepApart(i, j, iUnderJ);
    if (this.#choice[pair] === J_UNDER_I) return this.#keepApart(j, i, jUnderI);
    const [canI, canJ] = [this.#room(i, j, iUnderJ) >= 0, this.#room(j, i, jUnderI) >= 0];
    if (canI && canJ) return true;
    return (canI || canJ) && this.#settle(pair, canI ? I_UNDER_J : J_UNDER_I);
  }

  #undo(length: number): void {
    while (this.#trail.length > length) {
      const entry = this.#trail.pop();
      if (entry === undefined) return;
      if (entry.of === LOW) this.low[entry.at] = entry.was;
      else if (entry.of === HIGH) this.#high[entry.at] = entry.was;
      else this.#choice[entry.at] = entry.was;
    }
  }
}

function pairsOf(buffers: readonly PlannedBuffer[], overlaps: readonly AllowedOverlap[]): Pair[] {
  const rules = new Map(overlaps.map((rule) => [`${rule.below}\n${rule.above}`, rule.distanceBytes]));
  const distance = (under: PlannedBuffer, over: PlannedBuffer) =>
    Math.min(under.sizeBytes, rules.get(`${under.id}\n${over.id}`) ?? under.sizeBytes);
  return buffers.flatMap((a, i) =>
    buffers.slice(i + 1).flatMap((b, k) => {
      // A buffer without bytes lies anywhere.
      if (!overlapInTime(a, b) || a.sizeBytes === 0 || b.sizeBytes === 0) return [];
      return [{ i, j: i + 1 + k, iUnderJ: distance(a, b), jUnderI: distance(b, a) }];
    }),
  );
}

function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function roundDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment;
}
