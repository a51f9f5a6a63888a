/** What an expert would remark about a study, in words: constraints hardly ever met, models that cannot predict, bounds that bind … */
import { normalCdf } from '../../math/normal.ts';
import { createRng } from '../../math/rng.ts';
import { createSobol } from '../../math/sobol.ts';
import type { Params, ParamValue } from '../../space/parameter.ts';
import type { Observations, OutcomeConstraint, SamplerProblem } from '../sampler.ts';
import { scoreTrials } from '../scored-trials.ts';
import { studyProgress } from '../study-progress.ts';
import { calibrate } from './calibration.ts';
import type { MetricModel } from './metric-models.ts';

export type Severity = 'info' | 'warning' | 'problem';

export interface HealthFinding {
  readonly severity: Severity;
  /** Stable name of the check. */
  readonly code: string;
  /** The metric, parameter or constraint that it is about. */
  readonly subject?: string;
  /** One sentence. */
  readonly message: string;
}

const SAMPLES = 1024;
const RARE = 0.1;
const VERY_RARE = 0.01;
const FEW_TRIALS = 10;
const TIED_RANK_CORRELATION = 0.98;
/** Relative difference below which a told value and its function are the same. */
const SAME = 1e-6;
/** Functions that miss by more than this many of their stated deviations, and by more than this share, are worth a warning. */
const MANY_DEVIATIONS = 4;
const NOTABLE_SHARE = 0.02;

const percent = (fraction: number): string =>
  fraction > 0 && fraction < 0.01 ? 'less than 1 %' : `${Math.round(100 * fraction)} %`;

/** Probability that a constraint holds at `params` under the models; exact for known metrics. */
function probabilityMet(constraint: OutcomeConstraint, models: readonly MetricModel[], params: Params): number {
  const predictions = models.map((model) => model.predict(params));
  const violationAt = (shift: number, which: number): number =>
    constraint.violation(
      Object.fromEntries(
        models.map(({ metric }, i) => [metric, predictions[i].mean + (i === which ? shift * predictions[i].sd : 0)]),
      ),
    );
  const violation = violationAt(0, -1);
  // The violation's spread by its slope along each metric, as for a linear constraint.
  const variance = models.reduce((sum, _, i) => {
    if (predictions[i].sd === 0) return sum;
    return sum + ((violationAt(1, i) - violationAt(-1, i)) / 2) ** 2;
  }, 0);
  return variance > 0 ? normalCdf(-violation / Math.sqrt(variance)) : Number(violation <= 0);
}

function* constraintFindings(
  problem: SamplerProblem,
  models: ReadonlyMap<string, MetricModel>,
  points: readonly Params[],
): Generator<HealthFinding> {
  for (const constraint of problem.constraints) {
    const used = constraint.metrics.flatMap((metric) => models.get(metric) ?? []);
    if (used.length < constraint.metrics.length || points.length === 0) continue;
    const met = points.reduce((sum, params) => sum + probabilityMet(constraint, used, params), 0) / points.length;
    const severity: Severity = met < VERY_RARE ? 'problem' : met < RARE ? 'warning' : 'info';
    const about = used.every((model) => model.isKnown) ? '' : ' (as the model sees it)';
    yield {
      severity,
      code: 'constraintMet',
      subject: constraint.name,
      message: `constraint ${constraint.name} is met by ${percent(met)} of the space${about}`,
    };
  }
}

function* spaceFindings(
  problem: SamplerProblem,
  observations: Observations,
  allowed: number,
): Generator<HealthFinding> {
  const { space } = problem;
  if (space.constraints.length > 0 && allowed < 0.5) {
    yield {
      severity: allowed < VERY_RARE ? 'problem' : allowed < RARE ? 'warning' : 'info',
      code: 'parameterConstraints',
      message: `the parameter constraints allow ${percent(allowed)} of the space`,
    };
  }
  if (!Number.isFinite(space.cellCount)) return;
  const tried = new Set(observations.map(({ params }) => space.cellKey(params))).size / space.cellCount;
  if (tried < 0.5) return;
  yield {
    severity: 'info',
    code: 'cellsTried',
    message: `${percent(tried)} of all ${space.cellCount} cells have been tried`,
  };
}

function* trialFindings(problem: SamplerProblem, observations: Observations): Generator<HealthFinding> {
  const ended = observations.filter(({ state }) => state !== 'pending');
  if (ended.length < FEW_TRIALS) return;
  const share = (state: string): number => ended.filter((trial) => trial.state === state).length / ended.length;
  if (share('failed') > 0.2) {
    yield {
      severity: 'problem',
      code: 'failures',
      message: `${percent(share('failed'))} of the trials failed: nothing is learned from them`,
    };
  }
  if (share('pruned') > 0) {
    yield {
      severity: 'info',
      code: 'stoppedEarly',
      message: `${percent(share('pruned'))} of the trials were stopped early: models learn from their forecasts, the front does not`,
    };
  }
  const scored = scoreTrials(problem, observations);
  const feasible = scored.filter((t) => t.isFeasible).length / Math.max(1, scored.length);
  if (scored.length > 0 && feasible < 0.3) {
    yield {
      severity: feasible === 0 ? 'problem' : 'warning',
      code: 'feasible',
      message:
        feasible === 0
          ? 'no trial meets all constraints yet'
          : `only ${percent(feasible)} of the trials meet all constraints`,
    };
  }
}

function* objectiveFindings(problem: SamplerProblem, observations: Observations): Generator<HealthFinding> {
  const scored = scoreTrials(problem, observations).flatMap(({ objectives }) =>
    objectives === null ? [] : [objectives],
  );
  if (scored.length < FEW_TRIALS) return;
  const { hypervolumes } = studyProgress(problem, observations);
  if (problem.objectives.some((o) => o.reference !== undefined) && hypervolumes.at(-1) === 0) {
    yield {
      severity: 'problem',
      code: 'reference',
      message:
        'no feasible trial is better than the reference point in every objective, so the hypervolume is 0: check the references',
    };
  }
  const names = problem.objectives.map(({ metric }) => metric);
  const columns = names.map((_, j) => scored.map((y) => y[j]));
  const constant = columns.map((column) => column.every((v) => v === column[0]));
  for (const [j, name] of names.entries()) {
    if (constant[j]) {
      yield {
        severity: 'problem',
        code: 'constant',
        subject: name,
        message: `objective ${name} has the same value in every trial`,
      };
    }
  }
  for (let i = 0; i < names.length; i++) {
    for (let j = i + 1; j < names.length; j++) {
      if (constant[i] || constant[j]) continue;
      const correlation = rankCorrelation(columns[i], columns[j]);
      if (correlation < TIED_RANK_CORRELATION) continue;
      yield {
        severity: 'info',
        code: 'redundant',
        subject: `${names[i]}, ${names[j]}`,
        message: `objectives ${names[i]} and ${names[j]} rank the trials alike (rank correlation ${correlation.toFixed(2)}): one of them would do`,
      };
    }
  }
}

/** Spearman's: Pearson correlation of the average ranks. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]): number[] =>
    values.map((v) => values.filter((w) => w < v).length + (values.filter((w) => w === v).length - 1) / 2);
  const ra = ranks(a);
  const rb = ranks(b);
  const mean = (a.length - 1) / 2;
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, v, i) => sum + (v - mean) * (y[i] - mean), 0);
  return dot(ra, rb) / Math.sqrt(dot(ra, ra) * dot(rb, rb));
}

function* boundFindings(problem: SamplerProblem, observations: Observations): Generator<HealthFinding> {
  const { front } = studyProgress(problem, observations);
  const best = observations.filter(({ number }) => front.includes(number));
  if (best.length < 5) return;
  for (const { name, kind, levels, levelOf, unitOf } of problem.space.dimensions) {
    if (kind === 'categorical' || levels < 3) continue;
    const values = best.flatMap(({ params }): ParamValue[] => (Object.hasOwn(params, name) ? [params[name]] : []));
    if (values.length < 5) continue;
    const atLow = values.filter((v) => (kind === 'continuous' ? unitOf(v) < 0.01 : levelOf(v) === 0)).length;
    const atHigh = values.filter((v) => (kind === 'continuous' ? unitOf(v) > 0.99 : levelOf(v) === levels - 1)).length;
    for (const [count, side] of [
      [atLow, 'lower'],
      [atHigh, 'upper'],
    ] as const) {
      if (count < 0.8 * values.length) continue;
      yield {
        severity: 'info',
        code: 'bound',
        subject: name,
        message: `${percent(count / values.length)} of the front has ${name} at its ${side} bound: a wider range may hold better trials`,
      };
    }
  }
}

function* modelFindings(models: ReadonlyMap<string, MetricModel>): Generator<HealthFinding> {
  for (const { metric, count, explainedVariance, coverage95, zScoreRms } of calibrate(models)) {
    if (count < FEW_TRIALS) continue;
    if (explainedVariance < 0.3) {
      yield {
        severity: 'warning',
        code: 'modelFit',
        subject: metric,
        message: `the model of ${metric} explains ${percent(Math.max(0, explainedVariance))} of its variance: its predictions are little better than the mean`,
      };
    } else {
      yield {
        severity: 'info',
        code: 'modelFit',
        subject: metric,
        message: `the model of ${metric} explains ${percent(explainedVariance)} of its variance, judged on trials it had not seen`,
      };
    }
    if (coverage95 < 0.8 || zScoreRms > 1.7) {
      yield {
        severity: 'warning',
        code: 'modelTooSure',
        subject: metric,
        message: `the model of ${metric} is too sure of itself: ${percent(coverage95)} of the trials lie in its 95 % intervals`,
      };
    }
  }
}

/** Whether what is known beforehand is what trials told. */
function* knownFindings(problem: SamplerProblem, observations: Observations): Generator<HealthFinding> {
  for (const [metric, known] of problem.known ?? []) {
    const misses = observations.flatMap(({ state, params, metrics }) => {
      const told = metrics[metric]?.mean;
      if (state !== 'completed' || told === undefined || !Number.isFinite(told)) return [];
      return [Math.abs(known(params) - told) / Math.max(Math.abs(told), Number.MIN_VALUE)];
    });
    const worst = misses.reduce((a, b) => Math.max(a, b), 0);
    if (worst < SAME) continue;
    const stated = problem.knownErrors?.get(metric) ?? 0;
    const isOff = worst > NOTABLE_SHARE && worst > MANY_DEVIATIONS * stated;
    yield {
      severity: isOff ? 'warning' : 'info',
      code: 'knownFunction',
      subject: metric,
      message: `${metric} is known beforehand to within ${Number((100 * worst).toPrecision(2))} % of what ${misses.length} trials told${isOff ? ': further off than its function is said to be' : ''}`,
    };
  }
}

const ORDER: Readonly<Record<Severity, number>> = { problem: 0, warning: 1, info: 2 };

/** Findings, the gravest first. `models` come from metric-models.ts; the same study always gives the same findings. */
export function studyHealth(
  problem: SamplerProblem,
  observations: Observations,
  models: ReadonlyMap<string, MetricModel>,
): HealthFinding[] {
  const { space } = problem;
  const sequence = createSobol(space.parameters.length, createRng(0, 0, 'health'));
  const drawn = Array.from({ length: SAMPLES }, (_, i) => space.decode(sequence.point(i)));
  const points = drawn.filter((params) => space.isAllowed(params));
  const findings = [
    ...trialFindings(problem, observations),
    ...constraintFindings(problem, models, points),
    ...objectiveFindings(problem, observations),
    ...modelFindings(models),
    ...knownFindings(problem, observations),
    ...spaceFindings(problem, observations, points.length / SAMPLES),
    ...boundFindings(problem, observations),
  ];
  return findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
