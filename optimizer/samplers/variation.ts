/**
 * Children of two points of a mixed, conditional space: simulated binary crossover and polynomial mutation on numbers (Deb, Agrawal,
 * Complex Systems 9, 1995; Deb, Goyal 1996), exchange and replacement on categories. Works on unit coordinates; what a child's
 * conditions switch off is dropped when it is decoded.
 */
import type { Rng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';

/** Distribution indices: larger keeps children closer to their parents. */
const CROSSOVER_INDEX = 10;
const MUTATION_INDEX = 10;

/** Unit coordinates of `params` with random values where a parameter is inactive, so that a child that switches it on explores it. */
function genes(space: SearchSpace, params: Params, rng: Rng): Float64Array {
  const mask = space.activeMask(params);
  return space.encode(params).map((u, i) => (mask[i] === 1 ? u : rng.nextFloat()));
}

const reflect = (u: number): number => Math.abs(u > 1 ? 2 - u : u) % 1;

function crossNumber(a: number, b: number, rng: Rng): number {
  const u = rng.nextFloat();
  const exponent = 1 / (CROSSOVER_INDEX + 1);
  const beta = u <= 0.5 ? (2 * u) ** exponent : (1 / (2 * (1 - u))) ** exponent;
  return reflect(0.5 * ((1 + beta) * a + (1 - beta) * b));
}

function mutateNumber(value: number, rng: Rng): number {
  const u = rng.nextFloat();
  const exponent = 1 / (MUTATION_INDEX + 1);
  const delta = u < 0.5 ? (2 * u) ** exponent - 1 : 1 - (2 * (1 - u)) ** exponent;
  return reflect(value + delta);
}

/** Moves to another level: a neighbouring one in an ordinal half the time, else any other. */
function mutateLevel(value: number, levels: number, ordered: boolean, rng: Rng): number {
  if (levels === 1) return value;
  const level = Math.min(levels - 1, Math.floor(value * levels));
  if (ordered && rng.nextFloat() < 0.5) {
    const up = level === 0 || (level < levels - 1 && rng.nextFloat() < 0.5);
    return (level + (up ? 1 : -1) + 0.5) / levels;
  }
  const other = rng.nextInt(levels - 1);
  return ((other < level ? other : other + 1) + 0.5) / levels;
}

/** A child of `mother` and `father`; each gene mutates with probability `mutation`, and at least one does. */
export function breed(space: SearchSpace, mother: Params, father: Params, mutation: number, rng: Rng): Params {
  const a = genes(space, mother, rng);
  const b = genes(space, father, rng);
  const child = a.map((value, i) => {
    const [near, far] = rng.nextFloat() < 0.5 ? [value, b[i]] : [b[i], value];
    return space.dimensions[i].kind === 'categorical' || rng.nextFloat() < 0.5 ? near : crossNumber(near, far, rng);
  });
  const forced = rng.nextInt(child.length);
  space.dimensions.forEach(({ kind, levels }, i) => {
    if (i !== forced && rng.nextFloat() >= mutation) return;
    child[i] =
      kind === 'continuous' ? mutateNumber(child[i], rng) : mutateLevel(child[i], levels, kind === 'ordinal', rng);
  });
  return space.decode(child);
}
