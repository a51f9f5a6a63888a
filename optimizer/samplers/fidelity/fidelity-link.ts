/**
 * What a cheap measurement (fewer epochs, part of the data) says about the full one, learned from trials that have both: a Bayesian
 * straight line full = α + β·cheap + noise whose prior is the identity, and the choice of the cheapest informative fidelity.
 */

export interface FidelityPair {
  readonly cheap: number;
  readonly full: number;
}

export interface FidelityLink {
  /** Foretold full value, standard deviation including the noise of the link. */
  predict(cheap: number): { readonly mean: number; readonly sd: number };
  /** Correlation of the two over the pairs; 0 with fewer than three or without spread. */
  readonly correlation: number;
}

/** The identity counts like this many pairs. */
const PRIOR_PAIRS = 1;

function moments(pairs: readonly FidelityPair[]): { x: number; y: number; xx: number; xy: number; yy: number } {
  const n = Math.max(1, pairs.length);
  const x = pairs.reduce((sum, p) => sum + p.cheap, 0) / n;
  const y = pairs.reduce((sum, p) => sum + p.full, 0) / n;
  let [xx, xy, yy] = [0, 0, 0];
  for (const { cheap, full } of pairs) {
    xx += (cheap - x) ** 2;
    xy += (cheap - x) * (full - y);
    yy += (full - y) ** 2;
  }
  return { x, y, xx, xy, yy };
}

/** Without pairs the full value is taken to be the cheap one, with unbounded uncertainty (sd Infinity). */
export function linkFidelities(pairs: readonly FidelityPair[]): FidelityLink {
  const n = pairs.length;
  const { x, y, xx, xy, yy } = moments(pairs);
  const correlation = n >= 3 && xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
  if (n === 0) return { predict: (cheap) => ({ mean: cheap, sd: Number.POSITIVE_INFINITY }), correlation };
  // Ridge towards slope 1: the prior weighs as much as PRIOR_PAIRS average pairs.
  const ridge = (PRIOR_PAIRS * xx) / n;
  const slope = xx > 0 ? (xy + ridge) / (xx + ridge) : 1;
  const residuals = pairs.reduce((sum, { cheap, full }) => sum + (full - y - slope * (cheap - x)) ** 2, 0);
  const noise = residuals / Math.max(1, n - 2);
  return {
    correlation,
    predict: (cheap) => {
      const leverage = 1 / n + (xx > 0 ? (cheap - x) ** 2 / (xx + ridge) : 0);
      return { mean: y + slope * (cheap - x), sd: Math.sqrt(noise * (1 + leverage)) };
    },
  };
}

export interface FidelityLevel {
  /** Fraction of the full effort, in (0, 1]. */
  readonly fidelity: number;
  readonly costSeconds: number;
  /** Correlation with the full fidelity, of `linkFidelities`; 1 at full fidelity. */
  readonly correlation: number;
}

/** No measurement tells everything: keeps the information of a perfect correlation finite (5.4 nats short of it). */
const MOST_CORRELATION = 0.9999;

/**
 * The level that tells most about the full fidelity per second: mutual information −½ ln(1 − ρ²) of two normals over the cost. Throws
 * `RangeError` without levels.
 */
export function chooseFidelity(levels: readonly FidelityLevel[]): FidelityLevel {
  const worth = ({ correlation, costSeconds }: FidelityLevel): number => {
    const rho = Math.min(MOST_CORRELATION, Math.max(0, correlation));
    return (-0.5 * Math.log(1 - rho * rho)) / costSeconds;
  };
  const [first, ...rest] = levels;
  if (first === undefined) throw new RangeError('no fidelity to choose from');
  return rest.reduce((best, level) => (worth(level) > worth(best) ? level : best), first);
}
