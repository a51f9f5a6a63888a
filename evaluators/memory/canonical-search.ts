/**
 * Complete search for a placement within a given capacity, after "MiniMalloc: A Lightweight Memory Allocator for
 * Hardware-Accelerated Machine Learning" (ASPLOS 2023): only canonical placements are visited (each buffer rests on address 0 or
 * on a neighbour, offsets never decrease along the search), partial placements are cut by what every section still has to
 * hold, and the problem falls apart wherever no unplaced buffer crosses a section border.
 *
 * Added here: an unplaced buffer that lies below the current offset must still be lifted by an unplaced neighbour, so its least
 * offset is the current one plus the smallest such neighbour, and without a neighbour the branch is dead.
 *
 * Notation: n buffers, S sections (sections.ts); floor[s] = lowest address that section s can still use, total[s] = bytes
 * of its unplaced buffers; low[b] = least offset of buffer b given what is placed.
 */
import type { PlannedBuffer } from './buffer.ts';
import { cutIntoSections, type Sections } from './sections.ts';

export type SearchResult =
  | { readonly kind: 'found'; readonly offsets: Float64Array; readonly nodes: number }
  | { readonly kind: 'infeasible'; readonly nodes: number }
  /** The node limit was reached first. */
  | { readonly kind: 'gaveUp'; readonly nodes: number };

/** Which buffers are tried first at equal offsets: W = long lifetime, A = large area, T = busy sections, Z = large size. */
export const PREFERENCES = ['WAT', 'TAW', 'TWA'] as const;

type Verdict = 'found' | 'failed' | 'gaveUp';
const UNPLACED = -1;

/**
 * Searches a placement of all buffers below `capacityBytes`, trying the preferences in turn with growing node limits.
 * Complete: 'infeasible' is a proof. `nodeLimit` bounds the work over all tries.
 */
export function searchPlacement(
  buffers: readonly PlannedBuffer[],
  capacityBytes: number,
  nodeLimit: number,
): SearchResult {
  if (buffers.length === 0) return { kind: 'found', offsets: new Float64Array(0), nodes: 0 };
  const sections = cutIntoSections(buffers);
  let nodes = 0;
  for (let limit = 4 * buffers.length; ; limit *= 2) {
    for (const preference of PREFERENCES) {
      const search = new CanonicalSearch(
        buffers,
        sections,
        capacityBytes,
        preference,
        Math.min(limit, nodeLimit - nodes),
      );
      const verdict = search.run();
      nodes += search.nodes;
      if (verdict === 'found') return { kind: 'found', offsets: search.offsets, nodes };
      if (verdict === 'failed') return { kind: 'infeasible', nodes };
      if (nodes >= nodeLimit) return { kind: 'gaveUp', nodes };
    }
  }
}

class CanonicalSearch {
  nodes = 0;
  readonly offsets: Float64Array;
  readonly #buffers: readonly PlannedBuffer[];
  readonly #preference: string;
  readonly #capacity: number;
  readonly #limit: number;
  readonly #sections: Sections;
  readonly #size: Float64Array;
  readonly #alignment: Float64Array;
  readonly #rank: Int32Array;
  readonly #neighbourStart: Int32Array;
  readonly #neighbours: Int32Array;
  readonly #placed: Float64Array;
  readonly #low: Float64Array;
  readonly #floor: Float64Array;
  readonly #total: Float64Array;
  readonly #crossing: Int32Array;
  /** Undo log: pairs (index, old value); buffers count from 0, sections from n. */
  #log: Float64Array = new Float64Array(1 << 12);
  #logEnd = 0;
  readonly #lists: Int32Array[] = [];
  readonly #sectionMark: Int32Array;
  #mark = 0;

  constructor(
    buffers: readonly PlannedBuffer[],
    sections: Sections,
    capacity: number,
    preference: string,
    limit: number,
  ) {
    const n = buffers.length;
    this.#capacity = capacity;
    this.#limit = limit;
    this.#sections = sections;
    this.#size = Float64Array.from(buffers, (buffer) => buffer.sizeBytes);
    this.#alignment = Float64Array.from(buffers, (buffer) => buffer.alignment ?? 1);
    this.offsets = new Float64Array(n);
    this.#placed = new Float64Array(n).fill(UNPLACED);
    this.#low = new Float64Array(n);
    this.#floor = new Float64Array(sections.count);
    this.#total = new Float64Array(sections.count);
    this.#crossing = new Int32Array(sections.count);
    this.#sectionMark = new Int32Array(sections.count);
    for (let b = 0; b < n; b++) {
      for (let s = sections.first[b]; s < sections.end[b]; s++) this.#total[s] += this.#size[b];
      for (let s = sections.first[b]; s + 1 < sections.end[b]; s++) this.#crossing[s]++;
    }
    this.#buffers = buffers;
    this.#preference = preference;
    this.#rank = new Int32Array(n);
    const lists = buffers.map((_, b) => neighboursOf(b, sections));
    this.#neighbourStart = new Int32Array(n + 1);
    for (let b = 0; b < n; b++) this.#neighbourStart[b + 1] = this.#neighbourStart[b] + lists[b].length;
    this.#neighbours = Int32Array.from(lists.flat());
  }

  run(): Verdict {
    for (const total of this.#total) if (total > this.#capacity) return 'failed';
    const all = Int32Array.from(this.#size.keys());
    return this.#splitAndSolve(all, all.length, 0, this.#sections.count, 0);
  }

  /** Solves the parts of sections [from, to) that no unplaced buffer connects, each on its own. */
  #splitAndSolve(list: Int32Array, length: number, from: number, to: number, depth: number): Verdict {
    let start = from;
    for (let s = from; s < to; s++) {
      if (s + 1 < to && this.#crossing[s] > 0) continue;
      const verdict = this.#solvePart(list, length, start, s + 1, depth);
      if (verdict !== 'found') return verdict;
      start = s + 1;
    }
    return 'found';
  }

  #solvePart(list: Int32Array, length: number, from: number, to: number, depth: number): Verdict {
    const part = this.#listAt(depth);
    let count = 0;
    for (let i = 0; i < length; i++) {
      const b = list[i];
      if (this.#placed[b] === UNPLACED && this.#sections.first[b] >= from && this.#sections.end[b] <= to)
        part[count++] = b;
    }
    if (count === 0) return 'found';
    const members = part.slice(0, count);
    const ranksBefore = Int32Array.from(members, (b) => this.#rank[b]);
    this.#rankMembers(members);
    this.#sort(part, count);
    const verdict = this.#search(part, count, from, to, 0, -1, depth);
    for (let i = 0; i < count; i++) this.#rank[members[i]] = ranksBefore[i];
    return verdict;
  }

  /** Ranks the buffers of a part by the preference, greatest first; busy = what its sections still have to hold. */
  #rankMembers(members: Int32Array): void {
    const { first, end } = this.#sections;
    const key = (b: number, letter: string): number => {
      const { lower, upper, sizeBytes } = this.#buffers[b];
      if (letter === 'W') return upper - lower;
      if (letter === 'A') return (upper - lower) * sizeBytes;
      if (letter === 'Z') return sizeBytes;
      return Math.max(...this.#total.subarray(first[b], end[b]));
    };
    const keys = new Map(
      Array.from(members, (b) => [b, [...this.#preference].map((letter) => key(b, letter))] as const),
    );
    const order = [...keys].sort(([a, keysA], [b, keysB]) => {
      const at = keysA.findIndex((each, position) => each !== keysB[position]);
      return at < 0 ? a - b : keysB[at] - keysA[at];
    });
    order.forEach(([b], position) => {
      this.#rank[b] = position;
    });
  }

  #listAt(depth: number): Int32Array {
    const list = this.#lists[depth] ?? new Int32Array(this.#size.length);
    this.#lists[depth] = list;
    return list;
  }

  /** By least offset, then rank. Lists come nearly sorted from the level above. */
  #sort(list: Int32Array, count: number): void {
    const low = this.#low;
    const rank = this.#rank;
    for (let i = 1; i < count; i++) {
      const b = list[i];
      const lowB = low[b];
      const rankB = rank[b];
      let j = i - 1;
      while (j >= 0 && (low[list[j]] > lowB || (low[list[j]] === lowB && rank[list[j]] > rankB))) {
        list[j + 1] = list[j];
        j--;
      }
      list[j + 1] = b;
    }
  }

  /** Depth-first over the buffers of one connected part; `list` is sorted, offsets below (fromOffset, fromRank) are behind us. */
  #search(
    list: Int32Array,
    count: number,
    from: number,
    to: number,
    fromOffset: number,
    fromRank: number,
    depth: number,
  ): Verdict {
    if (++this.nodes > this.#limit) return 'gaveUp';
    let ceiling = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const top = this.#low[list[i]] + this.#size[list[i]];
      if (top < ceiling) ceiling = top;
    }
    for (let i = 0; i < count; i++) {
      const b = list[i];
      const offset = this.#low[b];
      // A gap that some unplaced buffer would fill: another branch holds a placement that is no worse.
      if (offset >= ceiling) break;
      if (offset < fromOffset || (offset === fromOffset && this.#rank[b] < fromRank)) continue;
      const undoTo = this.#logEnd;
      const isTop = this.#place(b, offset);
      let verdict: Verdict = 'failed';
      if (this.#fits(list, count, from, to, offset, this.#rank[b])) {
        const split = this.#uncross(b, -1);
        this.offsets[b] = offset;
        verdict = split
          ? this.#splitAndSolve(list, count, from, to, depth + 1)
          : this.#descend(list, count, b, from, to, offset, depth + 1);
        this.#uncross(b, 1);
      }
      this.#unplace(b, undoTo);
      if (verdict !== 'failed') return verdict;
      // Nothing unplaced lies above it: another place for it changes nothing for the others.
      if (isTop) break;
    }
    return 'failed';
  }

  #descend(
    list: Int32Array,
    count: number,
    placed: number,
    from: number,
    to: number,
    offset: number,
    depth: number,
  ): Verdict {
    if (count === 1) return 'found';
    const next = this.#listAt(depth);
    let length = 0;
    for (let i = 0; i < count; i++) if (list[i] !== placed) next[length++] = list[i];
    this.#sort(next, length);
    return this.#search(next, length, from, to, offset, this.#rank[placed], depth);
  }

  /** Changes the count of unplaced buffers over each border inside b's span; true when a border became free. */
  #uncross(b: number, change: number): boolean {
    let freed = false;
    for (let s = this.#sections.first[b]; s + 1 < this.#sections.end[b]; s++) {
      this.#crossing[s] += change;
      if (this.#crossing[s] === 0) freed = true;
    }
    return freed;
  }

  /** Returns whether no unplaced neighbour is left. */
  #place(b: number, offset: number): boolean {
    const top = offset + this.#size[b];
    const { first, end } = this.#sections;
    this.#placed[b] = offset;
    const n = this.#size.length;
    const mark = ++this.#mark;
    for (let s = first[b]; s < end[b]; s++) {
      this.#remember(n + s, this.#floor[s]);
      this.#floor[s] = top;
      this.#total[s] -= this.#size[b];
      this.#sectionMark[s] = mark;
    }
    let isTop = true;
    let touchedFrom = first[b];
    let touchedTo = end[b];
    for (let i = this.#neighbourStart[b]; i < this.#neighbourStart[b + 1]; i++) {
      const other = this.#neighbours[i];
      if (this.#placed[other] !== UNPLACED) continue;
      isTop = false;
      if (this.#low[other] >= top) continue;
      this.#remember(other, this.#low[other]);
      const misfit = top % this.#alignment[other];
      this.#low[other] = misfit === 0 ? top : top + this.#alignment[other] - misfit;
      if (first[other] < touchedFrom) touchedFrom = first[other];
      if (end[other] > touchedTo) touchedTo = end[other];
    }
    this.#raiseFloors(touchedFrom, touchedTo);
    return isTop;
  }

  /** The floor of a section is at least the least offset of its unplaced buffers. */
  #raiseFloors(from: number, to: number): void {
    const { memberStart, members } = this.#sections;
    const n = this.#size.length;
    for (let s = from; s < to; s++) {
      if (this.#total[s] === 0) continue;
      let least = Number.POSITIVE_INFINITY;
      const floor = this.#floor[s];
      for (let i = memberStart[s]; i < memberStart[s + 1]; i++) {
        const b = members[i];
        if (this.#placed[b] === UNPLACED && this.#low[b] < least) {
          least = this.#low[b];
          if (least <= floor) break;
        }
      }
      if (least > floor && least !== Number.POSITIVE_INFINITY) {
        this.#remember(n + s, floor);
        this.#floor[s] = least;
      }
    }
  }

  #fits(list: Int32Array, count: number, from: number, to: number, offset: number, rank: number): boolean {
    const capacity = this.#capacity;
    for (let s = from; s < to; s++) {
      const floor = this.#floor[s] > offset ? this.#floor[s] : offset;
      if (floor + this.#total[s] > capacity) return false;
    }
    for (let i = 0; i < count; i++) {
      const b = list[i];
      if (this.#placed[b] !== UNPLACED) continue;
      const low = this.#low[b];
      if (low > offset || (low === offset && this.#rank[b] >= rank)) break;
      if (this.#leastLift(b) + offset + this.#size[b] > capacity) return false;
    }
    return true;
  }

  /** Size of the smallest unplaced neighbour: what at least will lie under a buffer that must be lifted. */
  #leastLift(b: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = this.#neighbourStart[b]; i < this.#neighbourStart[b + 1]; i++) {
      const other = this.#neighbours[i];
      if (this.#placed[other] === UNPLACED && this.#size[other] < least) least = this.#size[other];
    }
    return least;
  }

  #remember(index: number, value: number): void {
    if (this.#logEnd + 2 > this.#log.length) {
      const longer = new Float64Array(this.#log.length * 2);
      longer.set(this.#log);
      this.#log = longer;
    }
    this.#log[this.#logEnd++] = index;
    this.#log[this.#logEnd++] = value;
  }

  #unplace(b: number, undoTo: number): void {
    const n = this.#size.length;
    while (this.#logEnd > undoTo) {
      const value = this.#log[--this.#logEnd];
      const index = this.#log[--this.#logEnd];
      if (index < n) this.#low[index] = value;
      else this.#floor[index - n] = value;
    }
    for (let s = this.#sections.first[b]; s < this.#sections.end[b]; s++) this.#total[s] += this.#size[b];
    this.#placed[b] = UNPLACED;
  }
}

function neighboursOf(b: number, { first, end, memberStart, members }: Sections): number[] {
  const found = new Set<number>();
  for (let i = memberStart[first[b]]; i < memberStart[end[b]]; i++) found.add(members[i]);
  found.delete(b);
  return [...found];
}
