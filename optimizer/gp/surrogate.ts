/**
 * The model of one scalar output of a trial (an objective, to be minimised, or a constraint's violation): data, output transform,
 * fitted Gaussian process, an optional prior mean whose residual is learned and trends whose slopes are. Everything inside is in standardised units.
 */
import type { FitOptions, FitResult } from './fit.ts';
import { fitHyperParameters } from './fit.ts';
import { GpModel } from './gp-model.ts';
import type { KernelColumn } from './kernel.ts';
import { detrended, type GpData } from './marginal-likelihood.ts';
import type { OutputTransform } from './output-transform.ts';

export interface OutputData {
  readonly columns: readonly KernelColumn[];
  /** Model rows (kernel.ts) of the trials that have this output. */
  readonly rows: readonly Float64Array[];
  /** Raw values. */
  readonly values: readonly number[];
  /** Known standard errors in raw units; NaN = unknown. */
  readonly errors: readonly number[];
  /** Prior mean of each row, raw units; absent = none. */
  readonly prior?: readonly number[];
  /** Values of trends, a row per trend (marginal-likelihood.ts); absent = none. */
  readonly trends?: readonly Float64Array[];
}

/** Noise variance (standardised) of values that are said to be exact: keeps the covariance matrix well conditioned. */
const EXACT_NOISE = 1e-8;

export class Surrogate {
  readonly transform: OutputTransform;
  /** Of what is left of the outputs after prior mean and trends. */
  readonly model: GpModel;
  /** With trends. */
  readonly data: GpData;
  readonly hyper: FitResult;
  /** Log density of the raw outputs and hyper-parameters: what output transforms are compared by. */
  readonly logEvidence: number;

  private constructor(transform: OutputTransform, model: GpModel, data: GpData, hyper: FitResult, logEvidence: number) {
    this.transform = transform;
    this.model = model;
    this.data = data;
    this.hyper = hyper;
    this.logEvidence = logEvidence;
  }

  /** Fits; undefined when not even the fallback hyper-parameters give a positive definite covariance. */
  static fit(output: OutputData, transform: OutputTransform, options: FitOptions): Surrogate | undefined {
    const data = toGpData(output, transform);
    const fitted = fitHyperParameters(data, options);
    options.interrupt?.();
    const model = GpModel.create(detrended(data, fitted.slopes), fitted);
    if (model === undefined) return undefined;
    let logEvidence = data.n * fitted.logDensity;
    for (const value of output.values) logEvidence += Math.log(transform.slope(value));
    return new Surrogate(transform, model, data, fitted, logEvidence);
  }

  /**
   * The surrogate of highest evidence over the transforms. Many data are compared on a thinned set first; the winner's hyper-parameters
   * are then polished on a larger one and condition on all data: fitting costs O(n^3) per step, conditioning only once.
   */
  static fitBest(
    output: OutputData,
    transforms: readonly OutputTransform[],
    options: FitOptions,
  ): Surrogate | undefined {
    const n = output.rows.length;
    const compared = n > FULL_FIT ? thinned(output, COMPARED_POINTS) : output;
    let best: Surrogate | undefined;
    for (const transform of transforms) {
      const surrogate = Surrogate.fit(compared, transform, n > FULL_FIT ? { ...options, maxIterations: 14 } : options);
      if (surrogate !== undefined && !(best !== undefined && best.logEvidence >= surrogate.logEvidence))
        best = surrogate;
    }
    if (best === undefined || n <= FULL_FIT) return best;
    const { hyper } = best;
    const polished = fitHyperParameters(toGpData(thinned(output, POLISHED_POINTS), best.transform), {
      kinds: [hyper.kind],
      maxIterations: 8,
      start: hyper,
      ...(options.interrupt !== undefined && { interrupt: options.interrupt }),
    });
    options.interrupt?.();
    const data = toGpData(output, best.transform);
    const model = GpModel.create(detrended(data, polished.slopes), polished);
    return model === undefined ? undefined : new Surrogate(best.transform, model, data, polished, best.logEvidence);
  }
}

/** Data sets up to this size are fitted whole for every transform; larger ones in two steps on so many evenly thinned points. */
const FULL_FIT = 60;
const COMPARED_POINTS = 60;
const POLISHED_POINTS = 100;

/** At most `count` rows, evenly spread over the order of the data. */
function thinned(output: OutputData, count: number): OutputData {
  const n = output.rows.length;
  if (n <= count) return output;
  const picks = Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const { prior, trends } = output;
  return {
    columns: output.columns,
    rows: picks.map((i) => output.rows[i]),
    values: picks.map((i) => output.values[i]),
    errors: picks.map((i) => output.errors[i]),
    ...(prior === undefined ? {} : { prior: picks.map((i) => prior[i]) }),
    ...(trends === undefined ? {} : { trends: trends.map((trend) => Float64Array.from(picks, (i) => trend[i])) }),
  };
}

function toGpData(output: OutputData, transform: OutputTransform): GpData {
  const n = output.rows.length;
  const D = output.columns.length;
  const X = new Float64Array(n * D);
  const y = new Float64Array(n);
  const knownNoise = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    X.set(output.rows[i], i * D);
    y[i] = transform.forward(output.values[i]);
    if (output.prior !== undefined) y[i] -= transform.forward(output.prior[i]);
    const error = output.errors[i] * transform.slope(output.values[i]);
    knownNoise[i] = Number.isNaN(error) ? Number.NaN : Math.max(error * error, EXACT_NOISE);
  }
  const { columns, trends } = output;
  return { columns, n, X, y, knownNoise, ...(trends !== undefined && { trends }) };
}

/**
 * The surrogate's model conditioned further on latent values at `rows`: one scenario per entry of `values` (standardised, same order
 * as `rows`). Undefined when the covariance cannot be factorised.
 */
export function conditionOn(
  model: GpModel,
  rows: readonly Float64Array[],
  values: readonly Float64Array[],
): GpModel | undefined {
  const { columns, n, X, y, knownNoise } = model.data;
  const D = columns.length;
  const total = n + rows.length;
  const grownX = new Float64Array(total * D);
  grownX.set(X);
  rows.forEach((row, i) => {
    grownX.set(row, (n + i) * D);
  });
  const grownNoise = new Float64Array(total).fill(EXACT_NOISE);
  grownNoise.set(knownNoise);
  const outputs = values.map((latent) => {
    const grown = new Float64Array(total);
    grown.set(y);
    grown.set(latent, n);
    return grown;
  });
  const data: GpData = { columns, n: total, X: grownX, y: outputs[0], knownNoise: grownNoise };
  return model.extended(data, outputs);
}
