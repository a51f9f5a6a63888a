/**
 * One model per metric that a study's objectives and constraints read, in the metric's own unit and direction: what explanations,
 * slices and health checks are computed from. Known metrics are exact; the others get a Gaussian process on standardised values, of their
 * logarithm where that explains the data better.
 */
import { type FitOptions, type FitResult, fitHyperParameters } from '../../gp/fit.ts';
import { GpModel } from '../../gp/gp-model.ts';
import type { KernelColumn } from '../../gp/kernel.ts';
import { leaveOneOut } from '../../gp/leave-one-out.ts';
import type { GpData } from '../../gp/marginal-likelihood.ts';
import type { Params } from '../../space/parameter.ts';
import type { SearchSpace } from '../../space/search-space.ts';
import type { Observations, ObservedTrial, SamplerProblem } from '../sampler.ts';

export interface MetricPrediction {
  readonly mean: number;
  readonly sd: number;
}

/** A trial's value as the others predict it. */
export interface HeldOut {
  readonly trial: number;
  readonly observed: number;
  readonly predicted: number;
  /** (observed − predicted)/standard deviation, in the units in which the model is Gaussian. */
  readonly zScore: number;
}

export interface MetricModel {
  readonly metric: string;
  /** A function, not a model: its spread is what it is said to be, and there is nothing to hold out. */
  readonly isKnown: boolean;
  /** Trials that the model has seen. */
  readonly observationCount: number;
  predict(params: Params): MetricPrediction;
  heldOut(): readonly HeldOut[];
}

const FEWEST_OBSERVATIONS = 4;
/** A logarithm is tried when all values are positive and spread over more than this factor. */
const LOG_SPREAD = 4;
const MOST_FIT_ITERATIONS = 60;
/** More observations than this cost more time than an explanation is worth: the newest are kept. */
const MOST_OBSERVATIONS = 600;
/** Hyper-parameters are learned from about this many, which costs a cube of it a hundred times over. */
const MOST_FITTED = 100;
const POLISH_ITERATIONS = 12;
const SMALLEST_NOISE = 1e-8;

interface Scale {
  readonly isLog: boolean;
  readonly location: number;
  readonly width: number;
}

interface Sample {
  readonly trial: ObservedTrial;
  readonly value: number;
  readonly stderr: number;
}

function scaleOf(values: readonly number[], isLog: boolean): Scale {
  const seen = isLog ? values.map(Math.log) : values;
  const location = seen.reduce((sum, v) => sum + v, 0) / seen.length;
  const variance = seen.reduce((sum, v) => sum + (v - location) ** 2, 0) / Math.max(1, seen.length - 1);
  const width = Math.sqrt(variance);
  return { isLog, location, width: width > 1e-12 * Math.max(1, Math.abs(location)) ? width : 1 };
}

const forward = (scale: Scale, value: number): number =>
  ((scale.isLog ? Math.log(value) : value) - scale.location) / scale.width;

/** Mean and deviation in the metric's unit of a normal prediction in model units. */
function backward(scale: Scale, mean: number, variance: number): MetricPrediction {
  const m = scale.location + scale.width * mean;
  const s2 = scale.width ** 2 * variance;
  if (!scale.isLog) return { mean: m, sd: Math.sqrt(s2) };
  const expected = Math.exp(m + s2 / 2);
  return { mean: expected, sd: expected * Math.sqrt(Math.expm1(s2)) };
}

/** Model row: unit coordinates, NaN where inactive. */
function rowOf(space: SearchSpace, params: Params): Float64Array {
  const mask = space.activeMask(params);
  return space.encode(params).map((u, i) => (mask[i] === 1 ? u : Number.NaN));
}

function gpData(space: SearchSpace, samples: readonly Sample[], scale: Scale): GpData {
  const columns = space.dimensions.map(
    (dimension, i): KernelColumn => ({
      kind: dimension.kind === 'categorical' ? 'categorical' : 'numeric',
      isConditional: space.parameters[i].when !== undefined,
    }),
  );
  const n = samples.length;
  const X = new Float64Array(n * columns.length);
  samples.forEach(({ trial }, i) => {
    X.set(rowOf(space, trial.params), i * columns.length);
  });
  return {
    columns,
    n,
    X,
    y: Float64Array.from(samples, ({ value }) => forward(scale, value)),
    knownNoise: Float64Array.from(samples, ({ value, stderr }) => {
      const error = stderr / (scale.isLog ? scale.width * value : scale.width);
      return Number.isNaN(error) ? Number.NaN : Math.max(error * error, SMALLEST_NOISE);
    }),
  };
}

/** Every k-th sample, so that about `MOST_FITTED` remain. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const stride = Math.ceil(samples.length / MOST_FITTED);
  return stride === 1 ? samples : samples.filter((_, i) => i % stride === 0);
}

/** Hyper-parameters from a part of the samples, and how likely they make that part. */
function fitOn(
  space: SearchSpace,
  samples: readonly Sample[],
  scale: Scale,
  interrupting: Pick<FitOptions, 'interrupt'>,
): FitResult & { evidence: number } {
  const part = thinned(samples);
  const data = gpData(space, part, scale);
  const kinds = ['matern52', 'rbf'] as const;
  const fitted = fitHyperParameters(data, { kinds, maxIterations: MOST_FIT_ITERATIONS, ...interrupting });
  // Densities of values on two scales compare only after the change of variables.
  const jacobian = part.reduce((sum, { value }) => sum - Math.log(scale.isLog ? scale.width * value : scale.width), 0);
  return { ...fitted, evidence: data.n * fitted.logDensity + jacobian };
}

function gaussianModel(
  space: SearchSpace,
  metric: string,
  samples: readonly Sample[],
  interrupting: Pick<FitOptions, 'interrupt'>,
): MetricModel | null {
  const values = samples.map(({ value }) => value);
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const highest = values.reduce((a, b) => Math.max(a, b));
  const scales = [scaleOf(values, false)];
  if (lowest > 0 && highest > LOG_SPREAD * lowest) scales.push(scaleOf(values, true));
  const fits = scales.map((scale) => ({ scale, fit: fitOn(space, samples, scale, interrupting) }));
  const { scale, fit } = fits.reduce((a, b) => (b.fit.evidence > a.fit.evidence ? b : a));
  const data = gpData(space, samples, scale);
  // The part may mislead about the whole: a few steps on everything put that right.
  const polish = { kinds: [fit.kind], start: fit, maxIterations: POLISH_ITERATIONS, ...interrupting };
  const model = GpModel.create(data, samples.length > MOST_FITTED ? fitHyperParameters(data, polish) : fit);
  if (model === undefined) return null;
  return {
    metric,
    isKnown: false,
    observationCount: samples.length,
    predict(params) {
      model.predict(rowOf(space, params));
      return backward(scale, model.means[0], model.variance);
    },
    heldOut() {
      const loo = leaveOneOut(model);
      if (loo === undefined) return [];
      return samples.map(({ trial, value }, i) => ({
        trial: trial.number,
        observed: value,
        predicted: backward(scale, loo.means[i], loo.variances[i]).mean,
        zScore: (model.data.y[i] - loo.means[i]) / Math.sqrt(loo.variances[i]),
      }));
    },
  };
}

/** Metrics that objectives or constraints read, each once, objectives first. */
export function metricsOfProblem(problem: SamplerProblem): string[] {
  return [...new Set([...problem.objectives.map((o) => o.metric), ...problem.constraints.flatMap((c) => c.metrics)])];
}

/**
 * Models by metric, in the order of `metricsOfProblem`; a metric with fewer than four values (or none that could be fitted) is absent.
 * Trials of every state count where they carry the metric, but failed ones. What `interrupt` throws ends the fit.
 */
export function fitMetricModels(
  problem: SamplerProblem,
  observations: Observations,
  interrupting: Pick<FitOptions, 'interrupt'> = {},
): Map<string, MetricModel> {
  const models = new Map<string, MetricModel>();
  for (const metric of metricsOfProblem(problem)) {
    const known = problem.known?.get(metric);
    if (known !== undefined) {
      const error = problem.knownErrors?.get(metric) ?? 0;
      const predict = (params: Params): MetricPrediction => {
        const mean = known(params);
        return { mean, sd: error * Math.abs(mean) };
      };
      models.set(metric, { metric, isKnown: true, observationCount: 0, predict, heldOut: () => [] });
      continue;
    }
    const samples = observations.flatMap((trial): Sample[] => {
      const value = trial.metrics[metric];
      if (trial.state === 'failed' || value === undefined || !Number.isFinite(value.mean)) return [];
      return [{ trial, value: value.mean, stderr: value.stderr ?? Number.NaN }];
    });
    if (samples.length < FEWEST_OBSERVATIONS) continue;
    const model = gaussianModel(problem.space, metric, samples.slice(-MOST_OBSERVATIONS), interrupting);
    if (model !== null) models.set(metric, model);
  }
  return models;
}
