/**
 * The trials that stand for all where there are too many for an exact model: half of them the best by Pareto rank, which decide where the
 * front moves, half spread as far apart as possible, which keep the model honest elsewhere (greedy farthest points, Gonzalez 1985).
 */
import { columnDistance, type KernelColumn } from '../gp/kernel.ts';
import { nonDominatedIndices } from '../pareto/dominance.ts';
import type { TableRow } from './trial-table.ts';

/** Indices of the best rows, front after front; feasible ones first. */
function bestByRank(rows: readonly TableRow[], count: number): number[] {
  const picked: number[] = [];
  let left = [...rows.keys()].filter((i) => rows[i].isFeasible);
  while (picked.length < count && left.length > 0) {
    const current = left;
    const front = nonDominatedIndices(current.map((i) => rows[i].objectives)).map((k) => current[k]);
    const room = count - picked.length;
    // Of a front that does not fit, every k-th member along its first objective.
    const ordered = front.toSorted((a, b) => rows[a].objectives[0] - rows[b].objectives[0] || a - b);
    const kept =
      front.length <= room
        ? front
        : Array.from({ length: room }, (_, i) => ordered[Math.floor((i * front.length) / room)]);
    picked.push(...kept);
    const inFront = new Set(front);
    left = current.filter((i) => !inFront.has(i));
  }
  return picked;
}

/** At most `count` of `rows`, in their order. */
export function representativeRows(
  columns: readonly KernelColumn[],
  rows: readonly TableRow[],
  count: number,
): readonly TableRow[] {
  if (rows.length <= count) return rows;
  const picked = new Set(bestByRank(rows, count >> 1));
  if (picked.size === 0) picked.add(0);
  const nearest = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY);
  const visit = (i: number): void => {
    const a = rows[i].candidate.row;
    for (let k = 0; k < rows.length; k++) {
      const b = rows[k].candidate.row;
      let squared = 0;
      for (let d = 0; d < columns.length; d++) squared += columnDistance(columns[d], a[d], b[d]);
      if (squared < nearest[k]) nearest[k] = squared;
    }
  };
  for (const i of picked) visit(i);
  while (picked.size < count) {
    let farthest = -1;
    for (let k = 0; k < rows.length; k++) {
      if (!picked.has(k) && (farthest < 0 || nearest[k] > nearest[farthest])) farthest = k;
    }
    picked.add(farthest);
    visit(farthest);
  }
  return rows.filter((_, i) => picked.has(i));
}
