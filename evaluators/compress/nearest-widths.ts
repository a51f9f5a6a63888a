/**
 * The widths whose cost comes nearest to an asked one: every combination of two groups' widths, the others as they are, again from the best
 * until nothing is nearer. Where the cost is a known quadratic function this takes no time; for a measured cost (ROM) the function of the
 * parameters foretells differences, and every guess that is measured becomes the new reference.
 */
import type { QuadraticCost } from './quadratic-cost.ts';

export interface NearestRequest {
  readonly start: readonly number[];
  /** Widths that each group may have, ascending; one for groups that may not change. */
  readonly allowed: readonly (readonly number[])[];
  readonly asked: number;
  /** Shares of `asked` that do not matter. */
  readonly tolerance: number;
  /** Where the cost has to lie. */
  readonly side: 'below' | 'either' | 'above';
  readonly shape: QuadraticCost;
  readonly cost: (widths: readonly number[]) => number;
  /** Costs that may be looked at. */
  readonly budget: number;
}

interface Guess {
  readonly widths: readonly number[];
  readonly miss: number;
  /** How much the widths differ from the start, in shares. */
  readonly change: number;
}

/** Index of the first of ascending `values` whose f is at least `goal`; f does not fall. */
function firstAtLeast(values: readonly number[], goal: number, f: (value: number) => number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (f(values[middle]) >= goal) high = middle;
    else low = middle + 1;
  }
  return low;
}

function missOf(value: number, { asked, side }: NearestRequest): number {
  if ((side === 'below' && value > asked) || (side === 'above' && value < asked)) return Number.POSITIVE_INFINITY;
  return Math.abs(value - asked) / asked;
}

/** The best of all pairs around `centre`; `scale` and `offset` turn shape costs into the asked metric. */
function bestPair(
  request: NearestRequest,
  centre: readonly number[],
  toMetric: (shape: number) => number,
  refused: ReadonlySet<string>,
): Guess | null {
  const { allowed, shape, start } = request;
  const free = allowed.flatMap((values, g) => (values.length > 1 ? [g] : []));
  let best: Guess | null = null;
  const consider = (widths: readonly number[]): void => {
    const miss = Math.max(request.tolerance, missOf(toMetric(shape.of(widths)), request));
    if (miss === Number.POSITIVE_INFINITY || (best !== null && miss > best.miss)) return;
    const change = widths.reduce((sum, width, g) => sum + Math.abs(width - start[g]) / start[g], 0);
    if (best !== null && miss === best.miss && change >= best.change) return;
    if (!refused.has(widths.join())) best = { widths, miss, change };
  };
  for (const [at, g] of free.entries()) {
    for (const h of free.length === 1 ? [g] : free.slice(at + 1)) {
      for (const width of allowed[g]) {
        const partly = centre.with(g, width);
        if (h === g) {
          consider(partly);
          continue;
        }
        const { constant, linear, square } = shape.alone(partly, h);
        const metric = (value: number): number => toMetric(constant + linear * value + square * value * value);
        const above = firstAtLeast(allowed[h], request.asked, metric);
        for (const index of [above - 1, above]) {
          const value = allowed[h][index];
          if (value !== undefined) consider(partly.with(h, value));
        }
      }
    }
  }
  return best;
}

/** Widths with the least difference found; those of the start where nothing is nearer. */
export function nearestWidths(request: NearestRequest): number[] {
  const { cost, shape, tolerance } = request;
  let best = [...request.start];
  let bestMiss = missOf(cost(best), request);
  let centre = best;
  const seen = new Set([best.join()]);
  for (let looks = 0; looks < request.budget && bestMiss > tolerance; looks++) {
    // The measured cost of the last guess says where the function of the shapes stands now.
    const [measured, foretold] = [cost(centre), shape.of(centre)];
    const slope = request.asked > 0 && foretold > 0 ? slopeOf(request, centre) : 1;
    const guess = bestPair(request, centre, (value) => measured + slope * (value - foretold), seen);
    if (guess === null) break;
    centre = [...guess.widths];
    seen.add(centre.join());
    const miss = missOf(cost(centre), request);
    if (miss < bestMiss) {
      best = centre;
      bestMiss = miss;
    } else if (looks % 4 === 3) centre = best;
  }
  return best;
}

/** How much the metric grows with the function of the shapes, between `widths` and the widest network; 1 for the same metric. */
function slopeOf({ allowed, cost, shape }: NearestRequest, widths: readonly number[]): number {
  const widest = allowed.map((values) => values[values.length - 1]);
  const grown = shape.of(widest) - shape.of(widths);
  const slope = (cost(widest) - cost(widths)) / grown;
  return grown > 0 && slope > 0 ? slope : 1;
}
