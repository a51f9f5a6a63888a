/**
 * Scenarios: joint samples of everything about earlier points that the next choice depends on but nobody knows exactly — the outcomes of
 * pending trials and, where measurements are noisy, the true values of the points that may lie on the front. One scenario with the
 * measured values is enough where nothing is pending and noise is negligible.
 */
import type { OutputModel } from '../acquisition/acquisition.ts';
import type { Candidate } from '../acquisition/candidate.ts';
import type { GpModel } from '../gp/gp-model.ts';
import { conditionOn } from '../gp/surrogate.ts';
import { choleskyWithJitter } from '../linalg/cholesky.ts';
import { dot } from '../linalg/triangular.ts';
import type { Rng } from '../math/rng.ts';
import { dominates, type Point } from '../pareto/dominance.ts';
import type { FittedObjective, FittedStudy } from './fit-study.ts';
import type { StudyOutputs } from './study-outputs.ts';
import type { TableRow, TrialTable } from './trial-table.ts';

export interface Scenarios {
  readonly count: number;
  readonly objectives: readonly OutputModel[];
  readonly constraints: readonly OutputModel[];
  /** Feasible points per scenario in turned raw units; empty while nothing is feasible. */
  readonly fronts: readonly (readonly Point[])[];
}

const SCENARIOS = 16;
/** Noise variance, relative to the outputs' variance, from which measured values are no longer taken for the truth. */
const MATERIAL_NOISE = 1e-3;
/** Baseline points sampled at most. */
const MAX_BASELINE = 40;

/** Samples of a model's latent values at some points; a row per scenario, standardised, without the prior mean. */
function sampleLatent(model: GpModel, points: readonly Candidate[], count: number, rng: Rng): Float64Array[] {
  const size = points.length;
  const rows = points.map((point) => point.row);
  const covariance = model.posteriorCovariance(rows);
  const L = new Float64Array(size * size);
  const isFactorised = choleskyWithJitter(covariance, size, L) !== undefined;
  const means = rows.map((row) => {
    model.predict(row);
    return model.means[0];
  });
  const z = new Float64Array(size);
  return Array.from({ length: count }, () => {
    for (let i = 0; i < size; i++) z[i] = rng.nextNormal();
    return Float64Array.from(means, (mean, i) => mean + (isFactorised ? dot(L, i * size, z, 0, i + 1) : 0));
  });
}

interface SampledOutput {
  readonly model: OutputModel;
  /** Standardised values with the prior mean, scenario by point. */
  readonly values: readonly Float64Array[];
}

function sampleOutput(output: OutputModel, points: readonly Candidate[], count: number, rng: Rng): SampledOutput {
  if (output.kind === 'known') {
    const exact = Float64Array.from(points, (point) => output.value(point.params));
    return { model: output, values: Array.from({ length: count }, () => exact) };
  }
  if (points.length === 0) return { model: output, values: Array.from({ length: count }, () => new Float64Array(0)) };
  const base = output.model;
  const latent = sampleLatent(base, points, count, rng);
  const conditioned = conditionOn(
    base,
    points.map((point) => point.row),
    latent,
  );
  const offsets = points.map((point) => output.offset?.(point.params) ?? 0);
  return {
    model: conditioned === undefined ? output : { ...output, model: conditioned },
    values: latent.map((row) => row.map((value, i) => value + offsets[i])),
  };
}

function isNoisy({ model }: FittedObjective): boolean {
  if (model.kind === 'known') return false;
  const { data, noise } = model.model;
  return data.knownNoise.some((known) => (Number.isNaN(known) ? noise : known) > MATERIAL_NOISE);
}

/** Feasible trials that may be non-dominated within two standard deviations. */
function plausibleFront(study: FittedStudy, feasible: readonly TableRow[]): TableRow[] {
  const intervals = feasible.map(({ candidate }) => {
    const low: number[] = [];
    const high: number[] = [];
    for (const { model } of study.objectives) {
      if (model.kind === 'known') {
        low.push(model.value(candidate.params));
        high.push(low[low.length - 1]);
        continue;
      }
      const base = model.model;
      base.predict(candidate.row);
      const mean = base.means[0] + (model.offset?.(candidate.params) ?? 0);
      const sd = Math.sqrt(base.variance);
      low.push(mean - 2 * sd);
      high.push(mean + 2 * sd);
    }
    return { low, high };
  });
  return feasible
    .filter((_, i) => !intervals.some((other, k) => k !== i && dominates(other.high, intervals[i].low)))
    .slice(-MAX_BASELINE);
}

/** The scenarios of one suggestion. */
export function buildScenarios(
  study: FittedStudy,
  outputs: StudyOutputs,
  table: TrialTable,
  pending: readonly Candidate[],
  rng: Rng,
): Scenarios {
  const feasible = table.rows.filter((row) => row.isFeasible);
  const noisy = study.objectives.some(isNoisy);
  const models = study.objectives.map(({ model }) => model);
  const isReachable = feasible.length > 0 || study.constraints.length === 0;
  if (pending.length === 0 && !noisy) {
    const front = feasible.map((row) => row.objectives);
    const fronts = isReachable ? [front] : [];
    return { count: 1, objectives: models, constraints: study.constraints, fronts };
  }
  const baseline = noisy ? plausibleFront(study, feasible) : [];
  const points = [...baseline.map((row) => row.candidate), ...pending];
  const objectives = models.map((model, j) => sampleOutput(model, points, SCENARIOS, rng.fork(`objective ${j}`)));
  const constraints = study.constraints.map((model, c) =>
    sampleOutput(model, pending, SCENARIOS, rng.fork(`constraint ${c}`)),
  );
  const allowed = pending.map((point) => outputs.knownViolation(point.params) === 0);
  const fronts: Point[][] = [];
  for (let s = 0; isReachable && s < SCENARIOS; s++) {
    const front: Point[] = noisy ? [] : feasible.map((row) => row.objectives);
    points.forEach((_, i) => {
      const at = i - baseline.length;
      if (at >= 0 && !(allowed[at] && constraints.every(({ values }) => values[s][at] <= 0))) return;
      front.push(study.objectives.map(({ transform }, j) => transform.inverse(objectives[j].values[s][i])));
    });
    fronts.push(front);
  }
  return {
    count: SCENARIOS,
    objectives: objectives.map(({ model }) => model),
    constraints: constraints.map(({ model }) => model),
    fronts,
  };
}
