/**
 * Features for the models from the metrics that are known functions of the params: what a network weighs and how much it computes says
 * much about how well it can do. Each is brought to about [0, 1] by its range over the space, in logarithms where it spans a decade.
 */
import type { Features } from '../acquisition/candidate.ts';
import { quantile } from '../gp/output-transform.ts';
import { createRng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import type { SamplerProblem } from './sampler.ts';

/** Points of the space from which ranges are taken. */
const PROBES = 256;

interface Scale {
  readonly metric: (params: Params) => number;
  readonly isLog: boolean;
  readonly low: number;
  readonly width: number;
}

/** The scale of one metric; undefined where it does not vary or is not finite. */
function scaleOf(metric: (params: Params) => number, probes: readonly Params[]): Scale | undefined {
  const values = probes
    .map(metric)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (values.length < 2) return undefined;
  const isLog = values[0] > 0 && values[values.length - 1] > 10 * values[0];
  const scaled = isLog ? values.map(Math.log) : values;
  const low = quantile(scaled, 0.02);
  const width = quantile(scaled, 0.98) - low;
  return width > 0 ? { metric, isLog, low, width } : undefined;
}

export function knownFeatures(problem: SamplerProblem): Features {
  const rng = createRng(0, 0, 'known features');
  const metrics = [...(problem.known ?? new Map()), ...(problem.priorMean ?? new Map())].map(([, metric]) => metric);
  const probes: Params[] = [];
  for (let i = 0; metrics.length > 0 && i < PROBES; i++) {
    const params = problem.space.sampleParams(rng);
    if (params !== null) probes.push(params);
  }
  const scales = metrics.flatMap((metric) => scaleOf(metric, probes) ?? []);
  return {
    count: scales.length,
    of: (params) =>
      Float64Array.from(scales, ({ metric, isLog, low, width }) => {
        const value = metric(params);
        const scaled = isLog ? Math.log(Math.max(value, 1e-300)) : value;
        return Number.isFinite(scaled) ? (scaled - low) / width : 0.5;
      }),
  };
}
