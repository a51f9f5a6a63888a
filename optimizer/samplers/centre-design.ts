/**
 * Initial points where metrics are known. Parameters that no known metric depends on — how a network is trained, not how large it is — act
 * alike on all designs, and what is learned about them at one design serves every other. So the first points share the design in the
 * middle of the known metrics and spread evenly over those free parameters: their effects stand apart from all others.
 */
import { createRng } from '../math/rng.ts';
import { createSobol, type SobolSequence } from '../math/sobol.ts';
import type { Params } from '../space/parameter.ts';
import { FreshCells } from './fresh-cells.ts';
import type { KnownMetric, Observations, SamplerProblem } from './sampler.ts';

/** Points on which a parameter is moved to see whether known metrics follow. */
const PROBES = 64;
/** Quasi-random designs among which the middle one is sought. */
const DESIGNS = 256;
/** Distance of a rank from the middle, as a share of all, that is near enough. */
const NEAR_MIDDLE = 0.15;
/** Quasi-random points tried per initial point. */
const ATTEMPTS = 256;

/** Initial points at the middle design: two and two per free parameter, at most so many and no more than a share of the budget. */
const MOST_POINTS = 8;
const SHARE_OF_BUDGET = 0.25;

/** How many of the first trials share the middle design. */
export function centrePoints(freeCount: number, budgetTrials = Number.POSITIVE_INFINITY): number {
  return freeCount === 0 ? 0 : Math.min(MOST_POINTS, 2 + 2 * freeCount, Math.floor(SHARE_OF_BUDGET * budgetTrials));
}

/** Indices of the parameters that no known metric depends on. */
export function freeParameters({ space, known }: SamplerProblem): number[] {
  const metrics: KnownMetric[] = [...(known?.values() ?? [])];
  if (metrics.length === 0) return [];
  const rng = createRng(0, 0, 'free parameters');
  return [...space.parameters.keys()].filter((d) => {
    for (let i = 0; i < PROBES; i++) {
      const params = space.sampleParams(rng);
      if (params === null) return false;
      const unit = space.encode(params);
      unit[d] = rng.nextFloat();
      const moved = space.decode(unit);
      if (metrics.some((metric) => metric(params) !== metric(moved))) return false;
    }
    return true;
  });
}

/** Mean squared distance of the numbers that known metrics depend on from the middle of their ranges. */
function distanceFromMiddle({ space }: SamplerProblem, free: readonly number[], params: Params): number {
  const unit = space.encode(params);
  let [sum, count] = [0, 0];
  space.dimensions.forEach(({ kind }, d) => {
    if (kind === 'categorical' || free.includes(d)) return;
    sum += (unit[d] - 0.5) ** 2;
    count++;
  });
  return count === 0 ? 0 : sum / count;
}

/**
 * Of `designs`, one whose worst rank among the known objectives is near the middle; of several the one whose numbers are: what is
 * learned at an odd design may not hold for others.
 */
function middleOf(problem: SamplerProblem, free: readonly number[], designs: readonly Params[]): Params | undefined {
  const objectives = problem.objectives.flatMap(({ metric, direction, reference }) => {
    const known = problem.known?.get(metric);
    const sign = direction === 'minimize' ? 1 : -1;
    return known === undefined ? [] : [{ cost: (params: Params) => sign * known(params), worst: reference, sign }];
  });
  const isOfInterest = (params: Params): boolean =>
    objectives.every(({ cost, worst, sign }) => worst === undefined || cost(params) < sign * worst);
  const useful = designs.filter(isOfInterest);
  const chosen = useful.length > 0 ? useful : designs;
  const offsets = new Float64Array(chosen.length);
  for (const { cost } of objectives) {
    const costs = chosen.map(cost);
    const order = [...costs.keys()].sort((a, b) => costs[a] - costs[b] || a - b);
    order.forEach((k, rank) => {
      offsets[k] = Math.max(offsets[k], Math.abs(rank / chosen.length - 0.5));
    });
  }
  const nearest = offsets.reduce((a, b) => Math.min(a, b), 1);
  const near = chosen.filter((_, k) => offsets[k] <= Math.max(nearest, NEAR_MIDDLE));
  const distances = near.map((params) => distanceFromMiddle(problem, free, params));
  let middle = 0;
  for (let k = 1; k < near.length; k++) if (distances[k] < distances[middle]) middle = k;
  return near[middle];
}

const designSequence = ({ space }: SamplerProblem, seed: number): SobolSequence =>
  createSobol(space.dimensions.length, createRng(seed, 0, 'sobol scramble'));

/** The design in the middle; undefined where no point is allowed. */
export function centreDesign(problem: SamplerProblem, free: readonly number[], seed: number): Params | undefined {
  const sequence = designSequence(problem, seed);
  const anywhere = new FreshCells(problem, []);
  const designs = Array.from({ length: DESIGNS }, (_, i) => problem.space.decode(sequence.point(i)));
  return middleOf(
    problem,
    free,
    designs.filter((params) => anywhere.isFresh(params)),
  );
}

/** The next even point at a design; undefined when no fresh one was met. `free` are the indices of the free parameters. */
export function centrePoint(
  problem: SamplerProblem,
  design: Params,
  free: readonly number[],
  observations: Observations,
  seed: number,
): Params | undefined {
  const { space } = problem;
  const sequence = designSequence(problem, seed);
  const centre = space.encode(design);
  const fresh = new FreshCells(problem, observations);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const point = sequence.point(DESIGNS + observations.length + attempt);
    const unit = centre.slice();
    for (const d of free) unit[d] = point[d];
    const params = space.decode(unit);
    if (fresh.isFresh(params)) return params;
  }
  return undefined;
}
