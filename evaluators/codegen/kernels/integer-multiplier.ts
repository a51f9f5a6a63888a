/**
 * Requantization without floats that has the bits of the float one. y = clamp(half-even(f32(f32(acc) · M)) + y₀) is a staircase in acc: for
 * each y the least acc that reaches it is T(y). With integers m and d, a shift s and f bits behind the point the staircase of
 * ⌊((acc · 2^s + d) · m / 2^32 + (y₀ + ½) · 2^f) / 2^f⌋ is the same if and only if it is at T(y) and T(y) − 1 for every y, which bounds
 * m from both sides: (T · 2^s + d) · m ≥ R and ((T − 1) · 2^s + d) · m < R with R = (y − y₀ − ½) · 2^(32 + f). Where no m
 * lies between (scales that are powers of two have ties, which go to even numbers), there is none.
 */

const LARGEST = 2 ** 31 - 1;

export interface Requantization {
  readonly multiplier: number;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/** The sums that a channel can reach; all are below 2^23. */
export interface Reach {
  readonly least: number;
  readonly most: number;
}

export interface IntegerMultiplier {
  /** 0 < m < 2³¹. */
  readonly m: number;
  /** The sum is shifted left by this. */
  readonly s: number;
  /** Added to the shifted sum; less than a half of 2^s in size. */
  readonly d: number;
}

/** What the reference kernel makes of a sum. */
export function requantized(acc: number, { multiplier, zero, lo, hi }: Requantization): number {
  const product = Math.fround(Math.fround(acc) * multiplier);
  const below = Math.floor(product);
  const rest = product - below;
  const up = rest > 0.5 || (rest === 0.5 && Math.abs(below) % 2 === 1);
  return Math.min(hi, Math.max(lo, below + (up ? 1 : 0) + zero));
}

/** The least sum whose result is at least y, lo < y <= hi. */
function threshold(y: number, requantization: Requantization): number {
  let acc = Math.round((y - requantization.zero - 0.5) / requantization.multiplier);
  while (requantized(acc, requantization) >= y) acc--;
  while (requantized(acc, requantization) < y) acc++;
  return acc;
}

interface Step {
  readonly y: number;
  /** Sums in reach that are the last below y and the first that is not; either may be out of reach. */
  readonly below: number | null;
  readonly first: number | null;
}

function staircase(requantization: Requantization, reach: Reach): Step[] {
  const steps: Step[] = [];
  for (let y = requantization.lo + 1; y <= requantization.hi; y++) {
    const first = threshold(y, requantization);
    steps.push({
      y,
      below: first > reach.least ? Math.min(first - 1, reach.most) : null,
      first: first <= reach.most ? Math.max(first, reach.least) : null,
    });
  }
  return steps;
}

interface Bounds {
  least: number;
  most: number;
}

/** Narrows m to sum · m >= r; all integers, quotients below 2^31 and products up to 2^53. */
function atLeast(bounds: Bounds, sum: number, r: number): void {
  if (sum === 0) {
    if (r > 0) bounds.most = 0;
    return;
  }
  let m = Math.round(r / sum);
  if (sum > 0) {
    while (m * sum < r) m++;
    while ((m - 1) * sum >= r) m--;
    bounds.least = Math.max(bounds.least, m);
  } else {
    while (m * sum < r) m--;
    while ((m + 1) * sum >= r) m++;
    bounds.most = Math.min(bounds.most, m);
  }
}

/** Room for m, s and d. */
export interface MultiplierRoom {
  /** f: bits of the result behind the point. */
  readonly fractionBits: number;
  readonly leastShift: number;
  readonly mostShift: number;
}

/** Values of d that are tried, in parts of 2^s: none first. Larger ones were never of use. */
const NUDGES = [0, ...[1, 2, 3, 4].flatMap((parts) => [parts / 256, -parts / 256])];

/** Null when no m has the same results for all sums in reach. The shift is the least that m has room for. */
export function integerMultiplier(
  requantization: Requantization,
  reach: Reach,
  { fractionBits, leastShift, mostShift }: MultiplierRoom,
): IntegerMultiplier | null {
  const unshifted = requantization.multiplier * 2 ** (32 + fractionBits);
  let s = leastShift;
  while (s < mostShift && unshifted / 2 ** s > LARGEST) s++;
  const exact = unshifted / 2 ** s;
  if (!(exact > 0 && exact <= LARGEST)) return null;
  const steps = staircase(requantization, reach);
  const offsets = new Set(NUDGES.map((nudge) => Math.trunc(nudge * 2 ** s)));
  for (const d of offsets) {
    const bounds: Bounds = { least: 1, most: LARGEST };
    for (const { y, below, first } of steps) {
      const r = (2 * (y - requantization.zero) - 1) * 2 ** (31 + fractionBits);
      if (first !== null) atLeast(bounds, first * 2 ** s + d, r);
      // sum · m < r is -sum · m >= 1 - r.
      if (below !== null) atLeast(bounds, -(below * 2 ** s + d), 1 - r);
      if (bounds.least > bounds.most) break;
    }
    if (bounds.least <= bounds.most) {
      return { m: Math.min(bounds.most, Math.max(bounds.least, Math.round(exact))), s, d };
    }
  }
  return null;
}
