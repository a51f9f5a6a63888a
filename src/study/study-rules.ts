/**
 * What a study states about its points and metrics, compiled: the space with its rules, outcome constraints, metrics that are exact
 * formulas of the params, and approximate ones.
 */
import { createSearchSpace, type KnownMetric, type OutcomeConstraint, type SearchSpace } from '@tinypareto/optimizer';
import type { ParameterSpec } from '../contract/parameter.ts';
import type { ConstraintSpec, ObjectiveSpec } from '../contract/study.ts';
import { InvalidInputError, type Issue } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import { compileConstraints, constraintName } from './constraint.ts';
import { compileExpression, loadExpressionParser } from './expression.ts';
import { ParamLanguage } from './param-language.ts';

/** The part of a study that is compiled; plain data. */
export interface StudyStatements {
  readonly parameters: readonly ParameterSpec[];
  readonly objectives: readonly ObjectiveSpec[];
  /** Those over metrics. */
  readonly constraints: readonly ConstraintSpec[];
  /** Those over parameters. */
  readonly parameterConstraints?: readonly ConstraintSpec[];
  /** Metric -> formula. */
  readonly known?: Readonly<Record<string, string>>;
  readonly priorMean?: Readonly<Record<string, string>>;
}

export interface StudyRules {
  readonly space: SearchSpace;
  readonly constraints: readonly OutcomeConstraint[];
  readonly known: ReadonlyMap<string, KnownMetric>;
  readonly priorMean: ReadonlyMap<string, KnownMetric>;
}

function collect<T>(where: string, issues: Issue[], compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    issues.push({ code, where, message: `${where}: ${message}`, ...(hint !== undefined && { hint }) });
    return undefined;
  }
}

function compileFormulas(
  key: 'known' | 'priorMean',
  formulas: Readonly<Record<string, string>>,
  language: ParamLanguage,
  issues: Issue[],
  known: ReadonlyMap<string, KnownMetric> = new Map(),
): ReadonlyMap<string, KnownMetric> {
  const compiled = new Map<string, KnownMetric>();
  for (const [metric, text] of Object.entries(formulas)) {
    const earlier = new Map([...known, ...compiled]);
    const formula = collect(`${key}.${metric}`, issues, () => language.formula(text, earlier));
    if (formula !== undefined) compiled.set(metric, formula);
  }
  return compiled;
}

/** Throws `InvalidInputError` with the path of everything at fault. */
export async function compileRules(statements: StudyStatements): Promise<StudyRules> {
  const { parameters, constraints, parameterConstraints = [], known = {}, priorMean = {} } = statements;
  const outcome = await compileConstraints(constraints);
  const isPlain = parameterConstraints.length + Object.keys(known).length + Object.keys(priorMean).length === 0;
  if (isPlain)
    return { space: createSearchSpace(parameters), constraints: outcome, known: new Map(), priorMean: new Map() };
  const language = new ParamLanguage(parameters, await loadExpressionParser());
  const issues: Issue[] = [];
  const rules = parameterConstraints.flatMap(
    (spec) => collect(constraintName(spec), issues, () => language.rule(spec)) ?? [],
  );
  const exact = compileFormulas('known', known, language, issues);
  const prior = compileFormulas('priorMean', priorMean, language, issues, exact);
  if (issues.length > 0) throw new InvalidInputError(issues);
  return { space: createSearchSpace(parameters, rules), constraints: outcome, known: exact, priorMean: prior };
}

/**
 * Tells constraints over parameters from those over metrics. A name that is both counts as a metric. `known` are the metrics there can
 * be (null: every name that is not a parameter). Throws `InvalidInputError` for one that mixes the two, or reads what is not there.
 */
export async function splitConstraints(
  specs: readonly ConstraintSpec[],
  parameters: readonly ParameterSpec[],
  metrics: ReadonlySet<string>,
  known: ReadonlySet<string> | null,
): Promise<Required<Pick<StudyStatements, 'constraints' | 'parameterConstraints'>>> {
  const onMetrics: ConstraintSpec[] = [];
  const onParams: ConstraintSpec[] = [];
  if (specs.length === 0) return { constraints: onMetrics, parameterConstraints: onParams };
  const parse = await loadExpressionParser();
  const language = new ParamLanguage(parameters, parse);
  const seen = new Set<string>();
  const isParam = (name: string): boolean =>
    language.names.has(name) && !metrics.has(name) && known?.has(name) !== true;
  const vocabulary = known === null ? null : new Set([...known, ...language.names]);
  const issues: Issue[] = [];
  for (const [i, spec] of specs.entries()) {
    const where = `constraints[${i}]`;
    const name = constraintName(spec);
    const complain = (message: string, hint?: string): void => {
      issues.push({
        code: 'BAD_CONSTRAINT',
        where,
        message: `${where}: ${message}`,
        ...(hint !== undefined && { hint }),
      });
    };
    if (seen.has(name)) complain(`"${name}" is there twice`);
    seen.add(name);
    if (typeof spec !== 'string' && vocabulary?.has(spec.metric) === false)
      complain(`there is no metric "${spec.metric}"`);
    const names =
      typeof spec === 'string'
        ? collect(where, issues, () => compileExpression(spec, parse, vocabulary, language.words).metrics)
        : [spec.metric];
    if (names === undefined) continue;
    const params = names.filter(isParam);
    if (params.length > 0 && params.length < names.length)
      complain(
        `"${name}" mixes parameters (${params.join(', ')}) with metrics`,
        'state a metric that is a formula of the parameters under `known`, and constrain that',
      );
    else if (params.length > 0) onParams.push(spec);
    else onMetrics.push(spec);
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
  return { constraints: onMetrics, parameterConstraints: onParams };
}
