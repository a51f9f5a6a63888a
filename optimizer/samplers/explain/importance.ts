/**
 * How much each parameter matters to each metric and to the hypervolume: Sobol' indices of the models' mean predictions over the whole
 * space, parameters uniform and independent (estimators of Jansen 1999 on the design of Saltelli et al. 2010, Comput. Phys. Comm.
 * 181). For the hypervolume the output is the hypervolume scalarisation s_λ(y) = min_j ((r_j − y_j)⁺/λ_j)^m (Zhang, Golovin, ICML 2020),
 * whose best value averaged over directions λ is the hypervolume; its variances are summed over directions. Infeasible predictions
 * score 0.
 */
import { createRng } from '../../math/rng.ts';
import { createSobol } from '../../math/sobol.ts';
import { inferReferencePoint } from '../../pareto/reference-point.ts';
import type { Params } from '../../space/parameter.ts';
import type { Observations, SamplerProblem } from '../sampler.ts';
import { scoreTrials } from '../scored-trials.ts';
import type { MetricModel } from './metric-models.ts';

export interface ParameterImportance {
  readonly parameter: string;
  /** Part of the variance that vanishes when this parameter alone is fixed (first-order index), 0 … 1. */
  readonly alone: number;
  /** Part of the variance in which this parameter has a hand, interactions included (total index), 0 … 1. */
  readonly total: number;
}

export interface Importances {
  /** By metric; parameters in the order of the space. */
  readonly metrics: ReadonlyMap<string, readonly ParameterImportance[]>;
  /** Absent where an objective has no model. */
  readonly hypervolume: readonly ParameterImportance[] | null;
}

/** Base points N; N·(d + 2) predictions are made. */
const BASE_POINTS = 512;
const FEWEST_BASE_POINTS = 64;
const DIRECTIONS = 32;
/** Multiplications that one metric may cost: a prediction from n observations takes about n². */
const WORK = 4e8;

/** Outputs at A, B and the d designs that take one column from B. */
interface Design<T> {
  readonly a: readonly T[];
  readonly b: readonly T[];
  readonly mixed: readonly (readonly T[])[];
}

function mapDesign<T, U>(design: Design<T>, f: (value: T) => U): Design<U> {
  return { a: design.a.map(f), b: design.b.map(f), mixed: design.mixed.map((column) => column.map(f)) };
}

function saltelliDesign(problem: SamplerProblem, base: number): Design<Params> {
  const { space } = problem;
  const d = space.parameters.length;
  const sequence = createSobol(2 * d, createRng(0, 0, 'importance'));
  const rows = Array.from({ length: base }, (_, i) => Array.from(sequence.point(i)));
  const mixed = space.parameters.map((_, j) =>
    rows.map((row) => space.decode(row.slice(0, d).map((u, k) => (k === j ? row[d + k] : u)))),
  );
  return {
    a: rows.map((row) => space.decode(row.slice(0, d))),
    b: rows.map((row) => space.decode(row.slice(d))),
    mixed,
  };
}

interface Sums {
  variance: number;
  readonly alone: Float64Array;
  readonly total: Float64Array;
}

/** Variance of the output, and the parts of it of each parameter (not yet divided by it). */
function addSums(design: Design<number>, sums: Sums): void {
  const { a, b, mixed } = design;
  const n = a.length;
  const mean = (sum(a) + sum(b)) / (2 * n);
  const variance = (sum(a.map((v) => (v - mean) ** 2)) + sum(b.map((v) => (v - mean) ** 2))) / (2 * n);
  sums.variance += variance;
  mixed.forEach((column, j) => {
    let fromA = 0;
    let fromB = 0;
    for (let i = 0; i < n; i++) {
      fromA += (a[i] - column[i]) ** 2;
      fromB += (b[i] - column[i]) ** 2;
    }
    sums.total[j] += fromA / (2 * n);
    sums.alone[j] += variance - fromB / (2 * n);
  });
}

const sum = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0);

function indices(problem: SamplerProblem, designs: Iterable<Design<number>>): ParameterImportance[] {
  const d = problem.space.parameters.length;
  const sums: Sums = { variance: 0, alone: new Float64Array(d), total: new Float64Array(d) };
  for (const design of designs) addSums(design, sums);
  // Estimates of zero may come out slightly negative.
  const fraction = (part: number): number => (sums.variance > 0 ? Math.min(1, Math.max(0, part / sums.variance)) : 0);
  return problem.space.parameters.map(({ name }, j) => ({
    parameter: name,
    alone: fraction(sums.alone[j]),
    total: fraction(sums.total[j]),
  }));
}

/** Directions on the positive part of the unit sphere, uniform. */
function directions(m: number): number[][] {
  const rng = createRng(0, 0, 'hypervolume scalarisation');
  return Array.from({ length: DIRECTIONS }, () => {
    const raw = Array.from({ length: m }, () => Math.abs(rng.nextNormal()));
    const norm = Math.hypot(...raw);
    return raw.map((v) => Math.max(v / norm, 1e-6));
  });
}

function* scalarised(
  problem: SamplerProblem,
  observations: Observations,
  means: Design<ReadonlyMap<string, number>>,
): Generator<Design<number>> {
  const signs = problem.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
  const given = problem.objectives.map(({ reference }, j) =>
    reference === undefined ? undefined : signs[j] * reference,
  );
  const feasible = scoreTrials(problem, observations).flatMap((t) =>
    t.isFeasible && t.objectives !== null ? [t.objectives] : [],
  );
  const reference = inferReferencePoint(feasible, given);
  const gaps = mapDesign(means, (metrics) => {
    const values = Object.fromEntries(metrics);
    const isFeasible = problem.constraints.every((c) => !(c.violation(values) > 0));
    return problem.objectives.map(({ metric }, j) =>
      isFeasible ? Math.max(0, reference[j] - signs[j] * values[metric]) : 0,
    );
  });
  // One unit per objective: the largest gap anywhere.
  const scale = reference.map(
    (_, j) => [gaps.a, gaps.b].flat().reduce((largest, gap) => Math.max(largest, gap[j]), 0) || 1,
  );
  const m = reference.length;
  for (const lambda of directions(m)) {
    yield mapDesign(gaps, (gap) => {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < m; j++) least = Math.min(least, gap[j] / scale[j] / lambda[j]);
      return least ** m;
    });
  }
}

/** Importance under `models` (metric-models.ts). Metrics without a model are absent. */
export function parameterImportance(
  problem: SamplerProblem,
  observations: Observations,
  models: ReadonlyMap<string, MetricModel>,
): Importances {
  const observed = [...models.values()].reduce((most, { observationCount }) => Math.max(most, observationCount), 1);
  const affordable = Math.floor(WORK / (observed ** 2 * (problem.space.parameters.length + 2)));
  const base = Math.min(BASE_POINTS, Math.max(FEWEST_BASE_POINTS, 2 ** Math.floor(Math.log2(Math.max(1, affordable)))));
  const design = saltelliDesign(problem, base);
  const means = mapDesign(
    design,
    (params) => new Map([...models].map(([metric, model]) => [metric, model.predict(params).mean])),
  );
  const metrics = new Map(
    [...models.keys()].map((metric) => [
      metric,
      indices(problem, [mapDesign(means, (values) => values.get(metric) ?? 0)]),
    ]),
  );
  const hasAll = problem.objectives.every(({ metric }) => models.has(metric));
  return { metrics, hypervolume: hasAll ? indices(problem, scalarised(problem, observations, means)) : null };
}
