/**
 * One parameter as one coordinate of the unit cube.
 *
 * - continuous: u = (v − low)/(high − low), in log v where the parameter asks for it.
 * - ordinal (int, float with a step): level k of K sits at the middle of its own interval, u = (k + ½)/K, so that uniform u gives
 *   uniform levels; with `log` the intervals are those of log v with edges half a step outside the range.
 * - categorical: choice k of K sits at (k + ½)/K; the distance between two choices means nothing.
 */
import type { FloatParameter, IntParameter, Parameter, ParamValue } from './parameter.ts';
import { SpaceError } from './space-error.ts';

export type DimensionKind = 'continuous' | 'ordinal' | 'categorical';

export interface Dimension {
  readonly name: string;
  readonly kind: DimensionKind;
  /** Number of levels K; Infinity where continuous. */
  readonly levels: number;
  /** Native value at unit coordinate `u` (clamped to [0, 1]); discrete kinds take the level whose interval holds `u`. */
  valueAt(u: number): ParamValue;
  /** Unit coordinate of a legal native value. */
  unitOf(value: ParamValue): number;
  /** Level of a legal value in [0, K); a continuous value is counted in steps of 2⁻³² of its range, in [0, 2³²]. */
  levelOf(value: ParamValue): number;
  /** Native value of level `k`; not for continuous dimensions. */
  valueOfLevel(k: number): ParamValue;
  /** The value itself, snapped to its grid; throws `SpaceError` when it is not a value of this parameter. */
  check(value: unknown): ParamValue;
}

/** A continuous coordinate is told apart from another at this resolution (about ten decimals of its range). */
export const CONTINUOUS_CELLS = 2 ** 32;

const clampUnit = (u: number): number => (u > 0 ? (u < 1 ? u : 1) : 0);

/** Removes the last-digit noise of `low + k·step`, so that 0.1 + 2·0.1 is the 0.3 that a user would type. */
const tidy = (value: number): number => Number(value.toPrecision(15));

function requireFinite(parameter: FloatParameter | IntParameter): void {
  const { name, low, high } = parameter;
  if (!Number.isFinite(low) || !Number.isFinite(high))
    throw new SpaceError('low and high must be finite numbers', name);
  if (low > high) throw new SpaceError(`low ${low} is above high ${high}`, name);
  if (parameter.log === true && low <= 0) throw new SpaceError(`a log scale needs low > 0, got ${low}`, name);
  if (parameter.step !== undefined && !(parameter.step > 0 && Number.isFinite(parameter.step))) {
    throw new SpaceError(`step must be a positive number, got ${parameter.step}`, name);
  }
}

function requireNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new SpaceError(`expected a finite number, got ${JSON.stringify(value) ?? String(value)}`, name);
  }
  const slack = 1e-9 * (high - low);
  if (value < low - slack || value > high + slack) throw new SpaceError(`${value} is outside [${low}, ${high}]`, name);
  return Math.min(high, Math.max(low, value));
}

function continuousDimension(name: string, low: number, high: number, log: boolean): Dimension {
  const from = log ? Math.log(low) : low;
  const width = (log ? Math.log(high) : high) - from;
  const unitOf = (value: ParamValue): number =>
    clampUnit(((log ? Math.log(Number(value)) : Number(value)) - from) / width);
  return {
    name,
    kind: 'continuous',
    levels: Number.POSITIVE_INFINITY,
    valueAt(u) {
      // The ends exactly, which exp(log(low)) or low + (high − low) need not give.
      if (!(u > 0)) return low;
      if (u >= 1) return high;
      const position = from + u * width;
      return Math.min(high, Math.max(low, log ? Math.exp(position) : position));
    },
    unitOf,
    levelOf: (value) => Math.round(unitOf(value) * CONTINUOUS_CELLS),
    valueOfLevel: () => {
      throw new SpaceError('a continuous parameter has no levels', name);
    },
    check: (value) => requireNumber(name, value, low, high),
  };
}

function ordinalDimension(name: string, low: number, high: number, step: number, log: boolean): Dimension {
  const levels = Math.floor((high - low) / step + 1e-9) + 1;
  const valueOfLevel = (k: number): number => (k === 0 ? low : tidy(low + k * step));
  const top = valueOfLevel(levels - 1);
  const levelOfNumber = (value: number): number => Math.min(levels - 1, Math.max(0, Math.round((value - low) / step)));
  // An edge at or below zero has no logarithm; half the lowest value is a sane stand-in for "half a step lower".
  const lowEdge = Math.log(low - step / 2 > 0 ? low - step / 2 : low / 2);
  const logWidth = Math.log(top + step / 2) - lowEdge;
  return {
    name,
    kind: 'ordinal',
    levels,
    valueAt(u) {
      const unit = clampUnit(u);
      if (log) return valueOfLevel(levelOfNumber(Math.exp(lowEdge + unit * logWidth)));
      return valueOfLevel(Math.min(levels - 1, Math.floor(unit * levels)));
    },
    unitOf: (value) =>
      log ? clampUnit((Math.log(Number(value)) - lowEdge) / logWidth) : (levelOfNumber(Number(value)) + 0.5) / levels,
    levelOf: (value) => levelOfNumber(Number(value)),
    valueOfLevel,
    check(value) {
      const number = requireNumber(name, value, low, high);
      const snapped = valueOfLevel(levelOfNumber(number));
      if (Math.abs(number - snapped) > 1e-6 * step) {
        throw new SpaceError(`${number} is not on the grid ${low}, ${tidy(low + step)}, … ${top}`, name);
      }
      return snapped;
    },
  };
}

function categoricalDimension(name: string, choices: readonly ParamValue[]): Dimension {
  const levels = choices.length;
  const levelOf = (value: ParamValue): number => choices.indexOf(value);
  const valueOfLevel = (k: number): ParamValue => choices[Math.min(levels - 1, Math.max(0, k))];
  return {
    name,
    kind: 'categorical',
    levels,
    valueAt: (u) => valueOfLevel(Math.floor(clampUnit(u) * levels)),
    unitOf: (value) => (levelOf(value) + 0.5) / levels,
    levelOf,
    valueOfLevel,
    check(value) {
      const choice = choices.find((candidate) => candidate === value);
      if (choice === undefined) {
        const known = choices.map((c) => JSON.stringify(c)).join(', ');
        throw new SpaceError(`${JSON.stringify(value) ?? String(value)} is not one of ${known}`, name);
      }
      return choice;
    },
  };
}

function checkChoices(name: string, choices: readonly ParamValue[]): void {
  if (choices.length === 0) throw new SpaceError('a categorical parameter needs at least one choice', name);
  for (const choice of choices) {
    const legal = typeof choice === 'string' || typeof choice === 'boolean' || Number.isFinite(choice);
    if (!legal)
      throw new SpaceError(`choices must be strings, booleans or finite numbers, got ${String(choice)}`, name);
  }
  if (new Set(choices).size !== choices.length) throw new SpaceError('choices must differ from one another', name);
}

/** The coordinate of `parameter`; throws `SpaceError` where its definition makes no sense. */
export function createDimension(parameter: Parameter): Dimension {
  const { name } = parameter;
  switch (parameter.type) {
    case 'float':
      requireFinite(parameter);
      // A range of one value is a constant: one level, not a continuum.
      return parameter.step === undefined && parameter.low < parameter.high
        ? continuousDimension(name, parameter.low, parameter.high, parameter.log === true)
        : ordinalDimension(name, parameter.low, parameter.high, parameter.step ?? 1, parameter.log === true);
    case 'int': {
      requireFinite(parameter);
      const step = parameter.step ?? 1;
      for (const [word, value] of [
        ['low', parameter.low],
        ['high', parameter.high],
        ['step', step],
      ] as const) {
        if (!Number.isSafeInteger(value)) throw new SpaceError(`${word} must be an integer, got ${value}`, name);
      }
      return ordinalDimension(name, parameter.low, parameter.high, step, parameter.log === true);
    }
    case 'categorical':
      checkChoices(name, parameter.choices);
      return categoricalDimension(name, parameter.choices);
    default: {
      const unknown: never = parameter;
      throw new SpaceError(`unknown parameter type in ${JSON.stringify(unknown)}`);
    }
  }
}
