/**
 * Where a learning curve is going: y(t) = c + a·φ(t) + noise, with φ a power t^−α or an exponential e^(−λt/T). For each shape and noise
 * level (c, a) has a normal prior and is updated exactly, one value at a time (a Kalman filter with a constant state); shapes are weighted
 * by their evidence. The answer is a mixture of normals for y(T). (Parametric curves averaged by evidence: Domhan, Springenberg, Hutter,
 * IJCAI 2015; here with conjugate updates on a grid instead of MCMC.)
 */

export interface CurvePoint {
  /** Step, epoch, …: positive. */
  readonly step: number;
  readonly value: number;
  /** Standard error of the value, where it is an estimate. */
  readonly stderr?: number;
}

export interface CurveForecast {
  /** Mixture of normals; weights sum to 1. */
  readonly components: readonly { readonly weight: number; readonly mean: number; readonly sd: number }[];
  readonly mean: number;
  readonly sd: number;
}

export interface CurveHistory {
  /** Curves of other trials of the same metric, complete or not. */
  readonly curves: readonly (readonly CurvePoint[])[];
  /** Final values of other trials. */
  readonly finals: readonly number[];
}

/** `count` values from `low` to `high`, evenly spaced in their logarithm: close enough that the true shape is never far from one. */
const spaced = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));

const POWERS = spaced(0.1, 4, 16);
const RATES = spaced(0.3, 60, 28);
/** Standard deviations of the noise, as fractions of the range of values seen. */
const NOISES = [0.005, 0.015, 0.05, 0.15];
/** Components below this weight change nothing. */
const SMALLEST_WEIGHT = 1e-6;

type Shape = (step: number) => number;

function shapes(horizon: number): Shape[] {
  return [
    ...POWERS.map(
      (alpha): Shape =>
        (step) =>
          Math.max(step, 1e-9) ** -alpha,
    ),
    ...RATES.map(
      (rate): Shape =>
        (step) =>
          Math.exp((-rate * step) / horizon),
    ),
  ];
}

interface Prior {
  readonly level: number;
  readonly levelSd: number;
  readonly amplitudeSd: number;
}

/** Mean and covariance of (c, a), and the log evidence of the values so far. */
interface State {
  c: number;
  a: number;
  cc: number;
  ca: number;
  aa: number;
  logEvidence: number;
}

function update(state: State, phi: number, value: number, noise: number): void {
  const kc = state.cc + phi * state.ca;
  const ka = state.ca + phi * state.aa;
  const variance = kc + phi * ka + noise;
  const surprise = value - state.c - phi * state.a;
  state.logEvidence -= 0.5 * (Math.log(2 * Math.PI * variance) + surprise ** 2 / variance);
  state.c += (kc / variance) * surprise;
  state.a += (ka / variance) * surprise;
  state.cc -= (kc * kc) / variance;
  state.ca -= (kc * ka) / variance;
  state.aa -= (ka * ka) / variance;
}

function fit(curve: readonly CurvePoint[], shape: Shape, noise: number, prior: Prior): State {
  const { level, levelSd, amplitudeSd } = prior;
  // An amplitude counts at step 1; a shape that is already small there must not be held back by the prior.
  const size = Math.max(Math.abs(shape(1)), 1e-6);
  const state: State = { c: level, a: 0, cc: levelSd ** 2, ca: 0, aa: (amplitudeSd / size) ** 2, logEvidence: 0 };
  for (const { step, value, stderr = 0 } of curve) update(state, shape(step), value, noise + stderr * stderr);
  return state;
}

function priorFrom(curve: readonly CurvePoint[], finals: readonly number[], range: number): Prior {
  if (finals.length < 3) return { level: curve.at(-1)?.value ?? 0, levelSd: range, amplitudeSd: 2 * range };
  const level = finals.reduce((sum, v) => sum + v, 0) / finals.length;
  const variance = finals.reduce((sum, v) => sum + (v - level) ** 2, 0) / (finals.length - 1);
  // Twice the spread seen so far: the next trial may well be better than all before.
  return { level, levelSd: Math.max(2 * Math.sqrt(variance), 0.1 * range), amplitudeSd: 2 * range };
}

/** How well each (shape, noise) explained other trials, as log weights with the strength of at most three curves. */
function learnedWeights(
  history: CurveHistory,
  candidates: readonly { readonly shape: Shape; readonly noise: number }[],
  prior: Prior,
): number[] {
  const curves = history.curves.filter((curve) => curve.length >= 3).slice(-20);
  if (curves.length === 0) return candidates.map(() => 0);
  const strength = Math.min(3, curves.length) / curves.length;
  return candidates.map(
    ({ shape, noise }) =>
      strength * curves.reduce((sum, curve) => sum + fit(curve, shape, noise, prior).logEvidence, 0),
  );
}

/** Foretells curves that end at one step from what other trials looked like. */
export type CurveForecaster = (curve: readonly CurvePoint[]) => CurveForecast;

/** `curve` is the one that matters most: its values count for the range of what is possible. Values must be finite. */
export function createForecaster(
  curve: readonly CurvePoint[],
  horizon: number,
  history: CurveHistory,
): CurveForecaster {
  const seen = [...curve, ...history.curves.flat()].map(({ value }) => value).concat(history.finals);
  const low = seen.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = seen.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const range = high - low;
  if (!(range > 0)) {
    const last = curve.at(-1)?.value ?? Number.NaN;
    return () => ({ components: [{ weight: 1, mean: last, sd: 0 }], mean: last, sd: 0 });
  }
  const prior = priorFrom(curve, history.finals, range);
  const candidates = shapes(horizon).flatMap((shape) =>
    NOISES.map((fraction) => ({ shape, noise: (fraction * range) ** 2 })),
  );
  const learned = learnedWeights(history, candidates, prior);
  return (values) => {
    const states = candidates.map(({ shape, noise }) => fit(values, shape, noise, prior));
    const logs = states.map(({ logEvidence }, i) => logEvidence + learned[i]);
    const top = logs.reduce((a, b) => Math.max(a, b));
    const raw = logs.map((log) => Math.exp(log - top));
    const total = raw.reduce((sum, w) => sum + w, 0);
    const components = states.flatMap((state, i) => {
      const weight = raw[i] / total;
      if (weight < SMALLEST_WEIGHT) return [];
      const phi = candidates[i].shape(horizon);
      const variance = state.cc + 2 * phi * state.ca + phi * phi * state.aa;
      return { weight, mean: state.c + phi * state.a, sd: Math.sqrt(Math.max(0, variance)) };
    });
    const kept = components.reduce((sum, { weight }) => sum + weight, 0);
    const mean = components.reduce((sum, c) => sum + (c.weight / kept) * c.mean, 0);
    const spread = components.reduce((sum, c) => sum + (c.weight / kept) * (c.sd ** 2 + (c.mean - mean) ** 2), 0);
    return { components: components.map((c) => ({ ...c, weight: c.weight / kept })), mean, sd: Math.sqrt(spread) };
  };
}

/**
 * Forecast of the noise-free value at step `horizon` from the values so far (at least one) and what other trials looked like. Values must
 * be finite.
 */
export function forecastCurve(curve: readonly CurvePoint[], horizon: number, history: CurveHistory): CurveForecast {
  return createForecaster(curve, horizon, history)(curve);
}
