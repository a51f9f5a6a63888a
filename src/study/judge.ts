/** From what a teller wrote to metrics and a verdict on the constraints. Every objection names the metric. */
import type { KnownMetric, OutcomeConstraint, Params } from '@tinypareto/optimizer';
import { METRIC_NAME_PATTERN, MetricInputSchema, type WireMetric, type WireMetrics } from '../contract/metric.ts';
import type { ObjectiveSpec } from '../contract/study.ts';
import { suggestName } from '../contract/suggest-name.ts';
import type { TellState } from '../contract/trial.ts';
import { findIssues, InvalidInputError, type Issue } from '../contract/validate.ts';

const metricName = new RegExp(METRIC_NAME_PATTERN);
const MOST_METRICS = 1000;

export interface Judgement {
  readonly metrics: WireMetrics;
  readonly violations: Readonly<Record<string, number>>;
  /** Null where nothing can be said: pruned, failed and abandoned trials. */
  readonly feasible: boolean | null;
}

function readMetric(name: string, value: unknown, issues: Issue[]): WireMetric | null {
  const where = `metrics.${name}`;
  if (!metricName.test(name) || name.length > 100) {
    issues.push({ code: 'BAD_METRIC', where, message: `"${name.slice(0, 100)}" is not a metric name` });
    return null;
  }
  const found = findIssues(MetricInputSchema, value);
  if (found.length > 0) {
    for (const { message, where: inner } of found)
      issues.push({
        code: 'BAD_METRIC',
        where: inner === '' ? where : `${where}.${inner}`,
        message: `${where}: ${message.replace(/^the input: /, '')}`,
      });
    return null;
  }
  return typeof value === 'number' ? { mean: value } : (value as WireMetric);
}

/** Checks numbers and fills `{mean}`. Throws `InvalidInputError` (422). */
export function readMetrics(told: Readonly<Record<string, unknown>>): WireMetrics {
  const issues: Issue[] = [];
  const names = Object.keys(told);
  if (names.length > MOST_METRICS)
    throw new InvalidInputError(
      [{ code: 'BAD_METRIC', where: 'metrics', message: `at most ${MOST_METRICS} metrics` }],
      422,
    );
  const metrics: Record<string, WireMetric> = {};
  for (const name of names) {
    const metric = readMetric(name, told[name], issues);
    if (metric !== null) metrics[name] = metric;
  }
  if (issues.length > 0) throw new InvalidInputError(issues, 422);
  return metrics;
}

/** Relative difference up to which a told value and its formula count as the same. */
const SAME = 1e-6;

/**
 * The told metrics with the known ones filled in. Throws `InvalidInputError` (422) where one was told that its formula contradicts: then
 * the sampler has been misled.
 */
export function withKnown(told: WireMetrics, known: ReadonlyMap<string, KnownMetric>, params: Params): WireMetrics {
  if (known.size === 0) return told;
  const metrics: Record<string, WireMetric> = { ...told };
  const issues: Issue[] = [];
  for (const [name, formula] of known) {
    const exact = formula(params);
    const given = told[name];
    if (given === undefined) {
      if (Number.isFinite(exact)) metrics[name] = { mean: exact, stderr: 0 };
      continue;
    }
    if (Math.abs(given.mean - exact) <= SAME * Math.max(Math.abs(given.mean), Math.abs(exact))) continue;
    issues.push({
      code: 'BAD_METRIC',
      where: `metrics.${name}`,
      message: `metrics.${name}: ${given.mean} was told, but the study knows it to be ${exact} at these params`,
      hint: 'state an approximate formula as priorMean instead of known',
    });
  }
  if (issues.length > 0) throw new InvalidInputError(issues, 422);
  return metrics;
}

function missing(metrics: WireMetrics, needed: ReadonlyMap<string, string>): Issue[] {
  const issues: Issue[] = [];
  for (const [metric, role] of needed) {
    if (Object.hasOwn(metrics, metric)) continue;
    const near = suggestName(
      metric,
      Object.keys(metrics).filter((name) => !needed.has(name)),
    );
    issues.push({
      code: 'MISSING_METRIC',
      where: `metrics.${metric}`,
      message: `metrics.${metric} is missing: ${role}`,
      ...(near !== undefined && { hint: `did you mean "${metric}" by "${near}"?` }),
    });
  }
  return issues;
}

/** Violations of the constraints whose metrics are all there. */
export function violationsOf(
  constraints: readonly OutcomeConstraint[],
  metrics: WireMetrics,
): Readonly<Record<string, number>> {
  const means: Record<string, number> = {};
  for (const [name, metric] of Object.entries(metrics)) means[name] = metric.mean;
  const violations: Record<string, number> = {};
  for (const constraint of constraints) {
    if (!constraint.metrics.every((metric) => Object.hasOwn(means, metric))) continue;
    const violation = constraint.violation(means);
    // log of a negative number and the like: the constraint cannot be said to hold.
    violations[constraint.name] = Number.isFinite(violation) ? violation : Number.MAX_VALUE;
  }
  return violations;
}

/** Throws `InvalidInputError` (422) when a completed trial lacks a metric of an objective or constraint. */
export function judge(
  state: TellState,
  metrics: WireMetrics,
  objectives: readonly ObjectiveSpec[],
  constraints: readonly OutcomeConstraint[],
): Judgement {
  const violations = violationsOf(constraints, metrics);
  if (state !== 'completed') return { metrics, violations, feasible: state === 'infeasible' ? false : null };
  const needed = new Map<string, string>();
  for (const { metric } of objectives) needed.set(metric, 'it is an objective');
  for (const { name, metrics: read } of constraints)
    for (const metric of read) if (!needed.has(metric)) needed.set(metric, `the constraint "${name}" reads it`);
  const issues = missing(metrics, needed);
  if (issues.length > 0) throw new InvalidInputError(issues, 422);
  return { metrics, violations, feasible: Object.values(violations).every((violation) => violation <= 0) };
}
