/** Constraints of a study, ready to be evaluated: each keeps the text under which users see its violation. */
import type { OutcomeConstraint } from '@tinypareto/optimizer';
import type { ConstraintSpec } from '../contract/study.ts';
import { InvalidInputError, type Issue } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import { compileExpression, loadExpressionParser } from './expression.ts';

export function constraintName(spec: ConstraintSpec): string {
  return typeof spec === 'string' ? spec : `${spec.metric} ${spec.op} ${spec.bound}`;
}

/** `{metric, op, bound}` needs no parser: the bound is in the metric's own unit. */
function compileBound(spec: Exclude<ConstraintSpec, string>): OutcomeConstraint {
  const { metric, op, bound } = spec;
  const violationOf = (value: number): number => {
    const difference = value - bound;
    if (op === '==') return Math.abs(difference);
    if ((op === '<' || op === '>') && difference === 0) return Number.MIN_VALUE;
    return op === '<=' || op === '<' ? difference : -difference;
  };
  return {
    name: constraintName(spec),
    metrics: [metric],
    violation: (metrics) => violationOf(metrics[metric] ?? Number.NaN),
  };
}

/**
 * Compiles a study's constraints. `known` are the metrics there can be (null: every name). Throws `InvalidInputError` with the path of
 * every constraint at fault.
 */
export async function compileConstraints(
  specs: readonly ConstraintSpec[],
  known: ReadonlySet<string> | null = null,
): Promise<readonly OutcomeConstraint[]> {
  if (specs.length === 0) return [];
  const parse = specs.some((spec) => typeof spec === 'string') ? await loadExpressionParser() : null;
  const issues: Issue[] = [];
  const compiled: OutcomeConstraint[] = [];
  const names = new Set<string>();
  for (const [i, spec] of specs.entries()) {
    const where = `constraints[${i}]`;
    const name = constraintName(spec);
    if (names.has(name)) issues.push({ code: 'BAD_CONSTRAINT', where, message: `${where}: "${name}" is there twice` });
    names.add(name);
    if (typeof spec !== 'string') {
      if (known !== null && !known.has(spec.metric))
        issues.push({ code: 'BAD_CONSTRAINT', where, message: `${where}: there is no metric "${spec.metric}"` });
      compiled.push(compileBound(spec));
      continue;
    }
    if (parse === null) continue;
    try {
      compiled.push({ name, ...compileExpression(spec, parse, known) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      issues.push({
        code: error.code,
        where,
        message: error.message,
        ...(error.hint !== undefined && { hint: error.hint }),
      });
    }
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
  return compiled;
}
