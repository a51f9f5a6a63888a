/** Constraints that bound one metric, as limits that a trial can be refused by before any training. */
import type { HardLimit } from '@tinypareto/evaluators';
import type { OutcomeConstraint } from '@tinypareto/optimizer';
import type { ConstraintSpec } from '../contract/study.ts';
import { compileConstraints } from '../study/constraint.ts';

/** Others (several metrics, curves) are judged when the trial is told. */
export async function hardLimits(constraints: readonly ConstraintSpec[]): Promise<HardLimit[]> {
  return (await compileConstraints(constraints)).flatMap((constraint) => linearLimit(constraint) ?? []);
}

/** violation(x) = slope · x - offset with one metric: `x <= offset / slope` or `>=`. */
function linearLimit(constraint: OutcomeConstraint): HardLimit | undefined {
  const [metric] = constraint.metrics;
  if (metric === undefined || constraint.metrics.length !== 1) return undefined;
  const at = (value: number): number => constraint.violation({ [metric]: value });
  const slope = at(1) - at(0);
  const offset = -at(0);
  // Three more points tell a straight line from anything else.
  const isLinear = [10, 1000, 1e6].every(
    (x) => Math.abs(at(x) - (slope * x - offset)) <= 1e-9 * (Math.abs(slope * x) + Math.abs(offset)),
  );
  if (!isLinear || slope === 0) return undefined;
  return { name: constraint.name, metric, op: slope > 0 ? '<=' : '>=', bound: offset / slope };
}
