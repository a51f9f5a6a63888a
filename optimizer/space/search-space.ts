/**
 * A search space: parameters, their conditions and constraints. One coordinate of the unit cube per parameter, in the order of
 * `parameters`; which native value a coordinate means is told by `dimensions` (dimension.ts). Coordinates of inactive parameters
 * carry no information: `encode` and `snap` set them to ½, `activeMask` says which they are.
 */
import type { Rng } from '../math/rng.ts';
import { type ConditionForest, createConditionForest } from './condition-forest.ts';
import { CONTINUOUS_CELLS, createDimension, type Dimension } from './dimension.ts';
import type { Parameter, Params, ParamValue } from './parameter.ts';
import { SpaceError } from './space-error.ts';

/** True where the point is allowed. Parameters that are inactive are absent from `params`. */
export type ParameterConstraint = (params: Params) => boolean;

export interface SearchSpace {
  readonly parameters: readonly Parameter[];
  readonly constraints: readonly ParameterConstraint[];
  /** One per parameter, same order. */
  readonly dimensions: readonly Dimension[];
  /** Number of distinct cells before parameter constraints; Infinity where a continuous parameter can be active. */
  readonly cellCount: number;
  /** Whether the parameter named `name` is active beside the values of `params`. */
  isActive(name: string, params: Params): boolean;
  /** The same point with values snapped to their grids; throws `SpaceError` for anything but exactly the active, legal values. */
  validate(params: Readonly<Record<string, unknown>>): Params;
  /** Whether all parameter constraints hold. */
  isAllowed(params: Params): boolean;
  /**
   * Canonical integer of the cell in decimal digits: equal for two points exactly when every active parameter has the same level.
   * Continuous parameters count in steps of 2⁻³² of their range.
   */
  cellKey(params: Params): string;
  /** Point of the unit cube, length `parameters.length`; ½ where inactive. */
  encode(params: Params): Float64Array;
  /** Native point at `unit` (length `parameters.length`); coordinates of inactive parameters are ignored. */
  decode(unit: ArrayLike<number>): Params;
  /** The unit point of the cell that `unit` falls into: discrete coordinates at their level, inactive ones at ½. */
  snap(unit: ArrayLike<number>): Float64Array;
  /** 1 per active parameter. */
  activeMask(params: Params): Uint8Array;
  /** The cell of `index` in [0, cellCount) in a fixed order, whether or not constraints allow it. Needs a finite space. */
  cellAt(index: number): Params;
  /** Every allowed cell of a finite space, in the order of `cellAt`. */
  cells(): Generator<Params>;
  /** Uniform per parameter, parents first; null when `attempts` draws in a row were forbidden by the constraints. */
  sampleParams(rng: Rng, attempts?: number): Params | null;
  /** Like `sampleParams` with some values given: the given ones are kept, the rest is drawn. Throws where they are illegal. */
  completeParams(partial: Readonly<Record<string, unknown>>, rng: Rng, attempts?: number): Params | null;
  /**
   * Allowed points one discrete move away: each ordinal one level up or down, each category exchanged for each other one.
   * A parameter that a move switches on starts at its middle level.
   */
  neighbours(params: Params): Params[];
}

const DEFAULT_ATTEMPTS = 1000;

/** A parameter may be called "constructor": what an object inherits is no value. */
const valueOfParam = (params: Params, name: string): ParamValue | undefined =>
  Object.hasOwn(params, name) ? params[name] : undefined;

class Space implements SearchSpace {
  readonly parameters: readonly Parameter[];
  readonly constraints: readonly ParameterConstraint[];
  readonly dimensions: readonly Dimension[];
  readonly #forest: ConditionForest;
  readonly #indexOf: ReadonlyMap<string, number>;
  /** Levels per parameter plus one for "inactive": the radices of the cell key. */
  readonly #radices: readonly number[];
  readonly #keyFitsNumber: boolean;

  constructor(parameters: readonly Parameter[], constraints: readonly ParameterConstraint[]) {
    this.parameters = parameters;
    this.constraints = constraints;
    this.#indexOf = new Map(parameters.map((p, i) => [p.name, i]));
    this.dimensions = parameters.map(createDimension);
    this.#forest = createConditionForest(parameters, this.dimensions);
    this.#radices = this.dimensions.map((d) => (d.kind === 'continuous' ? CONTINUOUS_CELLS + 2 : d.levels + 1));
    this.#keyFitsNumber = this.#radices.reduce((a, b) => a * b, 1) <= Number.MAX_SAFE_INTEGER;
  }

  get cellCount(): number {
    return this.#forest.cellCount;
  }

  /** Whether parameter `i` is active when `chosen` gives the values of the active parameters before it. */
  #active(i: number, chosen: (parent: number) => ParamValue | undefined): boolean {
    const parent = this.#forest.parent[i];
    if (parent < 0) return true;
    const value = chosen(parent);
    return value !== undefined && this.#forest.switchedOnBy[i]?.has(value) === true;
  }

  /** Chooses values parents first and writes them in parameter order. */
  #build(choose: (i: number) => ParamValue): Params {
    const values: (ParamValue | undefined)[] = new Array(this.parameters.length).fill(undefined);
    for (const i of this.#forest.order) if (this.#active(i, (p) => values[p])) values[i] = choose(i);
    const params: Record<string, ParamValue> = {};
    values.forEach((value, i) => {
      if (value !== undefined) params[this.parameters[i].name] = value;
    });
    return params;
  }

  isActive(name: string, params: Params): boolean {
    const i = this.#indexOf.get(name);
    if (i === undefined) throw new SpaceError('is not in this space', name);
    const parent = this.#forest.parent[i];
    if (parent < 0) return true;
    const parentName = this.parameters[parent].name;
    return this.isActive(parentName, params) && this.#active(i, () => valueOfParam(params, parentName));
  }

  validate(params: Readonly<Record<string, unknown>>): Params {
    for (const name of Object.keys(params)) {
      if (!this.#indexOf.has(name)) {
        throw new SpaceError(`is not in this space (it has ${this.parameters.map((p) => p.name).join(', ')})`, name);
      }
    }
    const point = this.#build((i) => {
      const { name } = this.parameters[i];
      if (!Object.hasOwn(params, name)) throw new SpaceError('is active but has no value', name);
      return this.dimensions[i].check(params[name]);
    });
    for (const name of Object.keys(params)) {
      if (Object.hasOwn(point, name)) continue;
      const when = this.parameters[this.#indexOf.get(name) ?? 0].when;
      throw new SpaceError(
        `has a value but is inactive: it needs "${when?.param}" in ${JSON.stringify(when?.in)}`,
        name,
      );
    }
    this.constraints.forEach((holds, i) => {
      const label = holds.name === '' ? `number ${i + 1}` : `"${holds.name}"`;
      if (!holds(point))
        throw new SpaceError(`the parameter constraint ${label} does not hold for ${JSON.stringify(point)}`);
    });
    return point;
  }

  isAllowed(params: Params): boolean {
    return this.constraints.every((holds) => holds(params));
  }

  cellKey(params: Params): string {
    const digit = (i: number): number => {
      const value = valueOfParam(params, this.parameters[i].name);
      return value === undefined ? 0 : this.dimensions[i].levelOf(value) + 1;
    };
    if (this.#keyFitsNumber) return String(this.#radices.reduce((key, radix, i) => key * radix + digit(i), 0));
    return String(this.#radices.reduce((key, radix, i) => key * BigInt(radix) + BigInt(digit(i)), 0n));
  }

  encode(params: Params): Float64Array {
    return Float64Array.from(this.dimensions, (dimension) => {
      const value = valueOfParam(params, dimension.name);
      return value === undefined ? 0.5 : dimension.unitOf(value);
    });
  }

  decode(unit: ArrayLike<number>): Params {
    return this.#build((i) => this.dimensions[i].valueAt(unit[i]));
  }

  snap(unit: ArrayLike<number>): Float64Array {
    return this.encode(this.decode(unit));
  }

  activeMask(params: Params): Uint8Array {
    return Uint8Array.from(this.parameters, ({ name }) => (Object.hasOwn(params, name) ? 1 : 0));
  }

  cellAt(index: number): Params {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.cellCount) {
      throw new SpaceError(`cell ${index} is outside [0, ${this.cellCount})`);
    }
    if (!Number.isFinite(this.cellCount))
      throw new SpaceError('a space with a continuous parameter has no list of cells');
    const levels = this.#forest.levelsOfCell(index);
    return this.#build((i) => this.dimensions[i].valueOfLevel(levels[i]));
  }

  *cells(): Generator<Params> {
    for (let index = 0; index < this.cellCount; index++) {
      const params = this.cellAt(index);
      if (this.isAllowed(params)) yield params;
    }
  }

  #draw(i: number, rng: Rng): ParamValue {
    const dimension = this.dimensions[i];
    // A categorical or linear grid is drawn by level, exactly uniform; log grids and ranges through the unit interval.
    const byLevel = dimension.kind !== 'continuous' && dimension.levels <= 2 ** 32 && !this.#isLog(i);
    return byLevel ? dimension.valueOfLevel(rng.nextInt(dimension.levels)) : dimension.valueAt(rng.nextFloat());
  }

  #isLog(i: number): boolean {
    const parameter = this.parameters[i];
    return parameter.type !== 'categorical' && parameter.log === true;
  }

  sampleParams(rng: Rng, attempts = DEFAULT_ATTEMPTS): Params | null {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const params = this.#build((i) => this.#draw(i, rng));
      if (this.isAllowed(params)) return params;
    }
    return null;
  }

  completeParams(partial: Readonly<Record<string, unknown>>, rng: Rng, attempts = DEFAULT_ATTEMPTS): Params | null {
    const names = Object.keys(partial);
    const needed = this.#neededAncestors(names);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const params = this.#build((i) => {
        const { name } = this.parameters[i];
        if (Object.hasOwn(partial, name)) return this.dimensions[i].check(partial[name]);
        const choices = needed.get(i);
        return choices === undefined ? this.#draw(i, rng) : choices[rng.nextInt(choices.length)];
      });
      if (names.every((name) => Object.hasOwn(params, name)) && this.isAllowed(params)) return params;
    }
    return null;
  }

  /** The values by which each ancestor of the named parameters keeps them all active; nothing for one that cannot. */
  #neededAncestors(names: readonly string[]): ReadonlyMap<number, readonly ParamValue[]> {
    const needed = new Map<number, readonly ParamValue[]>();
    for (const name of names) {
      const named = this.#indexOf.get(name);
      if (named === undefined) throw new SpaceError('is not in this space', name);
      for (let child = named; this.#forest.parent[child] >= 0; child = this.#forest.parent[child]) {
        const parent = this.#forest.parent[child];
        const on = this.#forest.switchedOnBy[child] ?? new Set<ParamValue>();
        const both = (needed.get(parent) ?? [...on]).filter((value) => on.has(value));
        // Without a common value no draw can succeed: leave the parent free, and the attempts will end in null.
        if (both.length > 0) needed.set(parent, both);
      }
    }
    return needed;
  }

  neighbours(params: Params): Params[] {
    const found: Params[] = [];
    this.dimensions.forEach((dimension, moved) => {
      const value = valueOfParam(params, dimension.name);
      if (value === undefined || dimension.kind === 'continuous') return;
      const level = dimension.levelOf(value);
      const others =
        dimension.kind === 'ordinal'
          ? [level - 1, level + 1].filter((k) => k >= 0 && k < dimension.levels)
          : Array.from({ length: dimension.levels }, (_, k) => k).filter((k) => k !== level);
      for (const other of others) {
        const next = this.#build((i) => {
          if (i === moved) return dimension.valueOfLevel(other);
          return valueOfParam(params, this.parameters[i].name) ?? this.dimensions[i].valueAt(0.5);
        });
        if (this.isAllowed(next)) found.push(next);
      }
    });
    return found;
  }
}

/** Checks the definitions and builds the space; throws `SpaceError` naming the parameter at fault. */
export function createSearchSpace(
  parameters: readonly Parameter[],
  constraints: readonly ParameterConstraint[] = [],
): SearchSpace {
  if (parameters.length === 0) throw new SpaceError('a search space needs at least one parameter');
  const seen = new Set<string>();
  for (const { name } of parameters) {
    if (typeof name !== 'string' || name === '') throw new SpaceError('every parameter needs a non-empty name');
    if (name === '__proto__') throw new SpaceError('this name cannot be used', name);
    if (seen.has(name)) throw new SpaceError('is defined twice', name);
    seen.add(name);
  }
  return new Space(parameters, constraints);
}
