/**
 * Chooses how many structures each group keeps so that a metric lands on an asked value after dependency closure: a threshold
 * on importance by bisection, then moves of one or two groups' widths near it, then every choice for two groups, until the error is gone or cannot get
 * smaller.
 */
import type { OrderedGroup } from './group-widths.ts';
import { type NearestRequest, nearestWidths } from './nearest-widths.ts';
import { quadraticCost } from './quadratic-cost.ts';

/** Asked and achieved may differ by this share. */
export const TOLERANCE = 0.005;

export interface FitRequest {
  readonly groups: readonly OrderedGroup[];
  readonly scores: Float64Array;
  /** Widths that may not change; null = free. */
  readonly fixed: readonly (number | null)[];
  readonly roundTo: number;
  readonly asked: number;
  /** Costs that may be looked at when the usual search misses the tolerance; default 1,500. */
  readonly budget?: number;
  /** The metric may not exceed `asked` at all. */
  readonly upperBound: boolean;
  readonly cost: (widths: readonly number[]) => number;
  /** Parameters of a choice, where `cost` has to be measured; foretells what differences of widths do. */
  readonly shapeCost?: (widths: readonly number[]) => number;
}

const full = (request: FitRequest): number[] => request.groups.map(({ order }, g) => request.fixed[g] ?? order.length);

/** Smallest width of a group: one structure, or one multiple where there is room for it. */
export function narrowest(size: number, roundTo: number): number {
  return Math.min(size, roundTo);
}

export function roundWidth(width: number, size: number, roundTo: number): number {
  if (width >= size) return size;
  const rounded = Math.round(width / roundTo) * roundTo;
  return Math.max(narrowest(size, roundTo), Math.min(size, rounded));
}

/** Widths when the `count` least important free structures of all groups go. */
function widthsAfter(request: FitRequest, ranking: readonly number[], count: number): number[] {
  const gone = new Map<number, number>();
  for (const g of ranking.slice(0, count)) gone.set(g, (gone.get(g) ?? 0) + 1);
  return full(request).map((width, g) =>
    request.fixed[g] === null ? roundWidth(width - (gone.get(g) ?? 0), width, request.roundTo) : width,
  );
}

/**
 * A structure's place in the ranking of all layers is its share of what is left of its layer's importance (cf. LAMP, Lee et al.,
 * ICLR 2021), so that no layer is emptied while others are full; wide layers and expensive structures go earlier. The two exponents were
 * chosen on the accuracy of the LeNets after one epoch.
 */
const WIDTH_EXPONENT = 0.75;
const SAVING_EXPONENT = 0.35;

/** What one structure of each group saves in the full network. */
function savings(request: FitRequest): number[] {
  const widths = full(request);
  const whole = request.cost(widths);
  return widths.map((width, g) => {
    if (request.fixed[g] !== null || width < 2) return 1;
    const fewer = Math.max(1, Math.floor(width / 2));
    return Math.max(1e-9, (whole - request.cost(widths.with(g, fewer))) / (width - fewer));
  });
}

/** Group of each free structure, the first to go first. */
function rank(request: FitRequest): number[] {
  const saving = savings(request);
  const entries = request.groups.flatMap(({ order }, g) => {
    if (request.fixed[g] !== null) return [];
    const factor = order.length ** WIDTH_EXPONENT / saving[g] ** SAVING_EXPONENT;
    let left = order.reduce((sum, index) => sum + request.scores[index], 0);
    return order.map((index, place) => {
      const score = left > 0 ? (factor * request.scores[index]) / left : 0;
      left -= request.scores[index];
      return { g, score, place };
    });
  });
  return entries.sort((a, b) => a.score - b.score || a.g - b.g || a.place - b.place).map(({ g }) => g);
}

/** The widths, or null when even the narrowest network costs more than asked. */
export function fitWidths(request: FitRequest): number[] | null {
  const ranking = rank(request);
  if (request.cost(widthsAfter(request, ranking, ranking.length)) > request.asked * (1 + TOLERANCE)) return null;
  let [low, high] = [0, ranking.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (request.cost(widthsAfter(request, ranking, middle)) <= request.asked) high = middle;
    else low = middle + 1;
  }
  return searchNearby(request, refine(request, widthsAfter(request, ranking, low)));
}

const DEFAULT_BUDGET = 1500;

/** Where widths miss the tolerance (few or coarse structures, steps of a size in bytes): two groups' widths from there. */
export function searchNearby(request: FitRequest, start: readonly number[]): number[] {
  if (errorOf(request, request.cost(start)) <= TOLERANCE) return [...start];
  return nearest(request, start, request.upperBound ? 'below' : 'either') ?? [...start];
}

function nearest(request: FitRequest, start: readonly number[], side: NearestRequest['side']): number[] | null {
  const sizes = full(request);
  const shape = quadraticCost(sizes, request.shapeCost ?? request.cost);
  if (shape === null) return null;
  return nearestWidths({
    start,
    allowed: sizes.map((size, g) => (request.fixed[g] === null ? allowedWidths(size, request.roundTo) : [size])),
    asked: request.asked,
    tolerance: TOLERANCE,
    side,
    shape,
    cost: request.cost,
    budget: request.budget ?? DEFAULT_BUDGET,
  });
}

export interface Reachable {
  readonly below: number | null;
  readonly above: number | null;
}

/** The nearest costs on both sides of one that was missed, as far as two groups' widths lead from `widths`. */
export function reachableAround(request: FitRequest, widths: readonly number[]): Reachable {
  const at = (side: 'below' | 'above'): number | null => {
    const cost = request.cost(nearest(request, widths, side) ?? widths);
    return side === 'below' ? (cost <= request.asked ? cost : null) : cost >= request.asked ? cost : null;
  };
  return { below: at('below'), above: at('above') };
}

function allowedWidths(size: number, roundTo: number): number[] {
  const widths = Array.from({ length: Math.floor(size / roundTo) }, (_, i) => (i + 1) * roundTo);
  return widths.at(-1) === size ? widths : [...widths, size];
}

function errorOf(request: FitRequest, cost: number): number {
  if (request.upperBound && cost > request.asked) return Number.POSITIVE_INFINITY;
  return Math.abs(cost - request.asked) / request.asked;
}

/** Of several widths those whose cost is nearest, the first of equals. */
export function nearerWidths(request: FitRequest, choices: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = choices;
  const error = (widths: readonly number[]) => errorOf(request, request.cost(widths));
  return [...others.reduce((best, other) => (error(other) < error(best) ? other : best), first)];
}

interface Move {
  readonly changes: readonly (readonly [number, number])[];
  readonly predicted: number;
}

/** Moves of one or two groups by a few steps, best predicted error first (costs taken as linear near here). */
function moves(request: FitRequest, widths: readonly number[], cost: number): Move[] {
  const singles: { readonly g: number; readonly step: number; readonly delta: number }[] = [];
  widths.forEach((width, g) => {
    if (request.fixed[g] !== null) return;
    const size = request.groups[g].order.length;
    for (const direction of [-1, 1]) {
      const next = stepped(width, direction, size, request.roundTo);
      if (next === null) continue;
      const delta = request.cost(widths.with(g, next)) - cost;
      for (const step of [1, 2, 3, 4, 6, 8, 12, 16]) singles.push({ g, step: direction * step, delta: delta * step });
    }
  });
  const single = singles.map(({ g, step, delta }): Move => ({ changes: [[g, step]], predicted: cost + delta }));
  const pairs = singles.flatMap((a, i) =>
    singles
      .slice(i + 1)
      .filter((b) => b.g !== a.g)
      .map(
        (b): Move => ({
          changes: [
            [a.g, a.step],
            [b.g, b.step],
          ],
          predicted: cost + a.delta + b.delta,
        }),
      ),
  );
  // Among moves that land close enough, the one that changes layers least in proportion.
  const change = (move: Move): number =>
    move.changes.reduce((sum, [g, n]) => sum + (Math.abs(n) * request.roundTo) / widths[g], 0);
  const error = (move: Move): number =>
    Math.max(0, Math.abs(move.predicted - request.asked) / request.asked - TOLERANCE / 10) + 0.01 * change(move);
  return [...single, ...pairs].sort((a, b) => error(a) - error(b)).slice(0, 40);
}

function stepped(width: number, steps: number, size: number, roundTo: number): number | null {
  let next = width;
  for (let i = 0; i < Math.abs(steps); i++) {
    next =
      steps > 0
        ? Math.min(size, (Math.floor(next / roundTo) + 1) * roundTo)
        : (Math.ceil(next / roundTo) - 1) * roundTo;
    if (next < narrowest(size, roundTo)) return null;
  }
  return next === width ? null : next;
}

function refine(request: FitRequest, start: readonly number[]): number[] {
  let best = [...start];
  let bestError = errorOf(request, request.cost(best));
  for (let round = 0; round < 8 && bestError > TOLERANCE / 5; round++) {
    let improved = false;
    const base = best;
    for (const move of moves(request, base, request.cost(base))) {
      let next: number[] | null = [...base];
      for (const [g, steps] of move.changes) {
        const width = stepped(base[g], steps, request.groups[g].order.length, request.roundTo);
        if (width === null || next === null) next = null;
        else next[g] = width;
      }
      if (next === null) continue;
      const error = errorOf(request, request.cost(next));
      if (error < bestError) {
        best = next;
        bestError = error;
        improved = true;
        if (error <= TOLERANCE / 5) break;
      }
    }
    if (!improved) break;
  }
  return best;
}
