/**
 * Time cut into sections: a new section begins wherever some buffer has died and another is born, so that each section is a
 * maximal set of buffers alive together. n buffers, S sections; buffer b spans sections [first[b], end[b]).
 */
import type { PlannedBuffer } from './buffer.ts';

export interface Sections {
  readonly count: number;
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Buffers of section s: `members[start[s] .. start[s + 1]]`. */
  readonly memberStart: Int32Array;
  readonly members: Int32Array;
}

/** Sweeps the lifetimes. Buffers with an empty lifetime are not allowed. */
export function cutIntoSections(buffers: readonly PlannedBuffer[]): Sections {
  const births = [...buffers.keys()].sort((a, b) => buffers[a].lower - buffers[b].lower);
  const deaths = buffers.map((buffer) => buffer.upper).sort((a, b) => a - b);
  const first = new Int32Array(buffers.length);
  const end = new Int32Array(buffers.length);
  const firstBirth: number[] = [];
  let death = 0;
  let section = 0;
  let populated = false;
  for (const index of births) {
    const moment = buffers[index].lower;
    if (populated && deaths[death] <= moment) {
      section++;
      while (death < deaths.length && deaths[death] <= moment) death++;
    }
    firstBirth[section] ??= moment;
    first[index] = section;
    populated = true;
  }
  const count = populated ? section + 1 : 0;
  for (let index = 0; index < buffers.length; index++) {
    let until = first[index];
    while (until < section && firstBirth[until + 1] < buffers[index].upper) until++;
    end[index] = until + 1;
  }
  return { count, first, end, ...membersOf(buffers.length, count, first, end) };
}

function membersOf(
  n: number,
  count: number,
  first: Int32Array,
  end: Int32Array,
): { memberStart: Int32Array; members: Int32Array } {
  const memberStart = new Int32Array(count + 1);
  for (let b = 0; b < n; b++) for (let s = first[b]; s < end[b]; s++) memberStart[s + 1]++;
  for (let s = 0; s < count; s++) memberStart[s + 1] += memberStart[s];
  const cursor = memberStart.slice();
  const members = new Int32Array(memberStart[count]);
  for (let b = 0; b < n; b++) for (let s = first[b]; s < end[b]; s++) members[cursor[s]++] = b;
  return { memberStart, members };
}
