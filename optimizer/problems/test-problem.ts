/** A benchmark problem with known formulas: all objectives minimised, constraint values c ≤ 0 feasible. */
import type { MetricValue, SamplerProblem } from '../samplers/sampler.ts';
import type { Params } from '../space/parameter.ts';
import { createSearchSpace } from '../space/search-space.ts';

export interface Evaluation {
  readonly objectives: readonly number[];
  readonly constraints: readonly number[];
}

export interface TestProblem {
  readonly name: string;
  readonly problem: SamplerProblem;
  readonly reference: readonly number[];
  /** Largest hypervolume known; exact where the front is. */
  readonly bestHypervolume: number;
  evaluate(params: Params): Evaluation;
  /** The same as the exact metrics of a trial. */
  measure(params: Params): Record<string, MetricValue>;
}

export interface ContinuousProblem extends TestProblem {
  /** The same in native coordinates x, length d. */
  evaluateAt(x: readonly number[]): Evaluation;
}

export interface ContinuousDefinition {
  readonly name: string;
  /** [low, high] per variable; they are named x0, x1, … */
  readonly bounds: readonly (readonly [number, number])[];
  readonly reference: readonly number[];
  readonly bestHypervolume: number;
  readonly constraintCount?: number;
  evaluateAt(x: readonly number[]): Evaluation;
}

/** Objectives f0 … and constraints c0 ≤ 0 … in the words of a sampler's problem. */
export function objectivesAndConstraints(
  reference: readonly number[],
  constraintCount: number,
): Pick<SamplerProblem, 'objectives' | 'constraints'> {
  return {
    objectives: reference.map((value, i) => ({ metric: `f${i}`, direction: 'minimize', reference: value })),
    constraints: Array.from({ length: constraintCount }, (_, i) => ({
      name: `c${i}`,
      metrics: [`c${i}`],
      violation: (metrics) => metrics[`c${i}`],
    })),
  };
}

export function continuousProblem(definition: ContinuousDefinition): ContinuousProblem {
  const { name, bounds, reference, bestHypervolume, constraintCount = 0 } = definition;
  const names = bounds.map((_, i) => `x${i}`);
  const space = createSearchSpace(bounds.map(([low, high], i) => ({ name: names[i], type: 'float', low, high })));
  const evaluate = (params: Params): Evaluation => definition.evaluateAt(names.map((n) => Number(params[n])));
  return {
    name,
    reference,
    bestHypervolume,
    problem: { space, ...objectivesAndConstraints(reference, constraintCount) },
    evaluateAt: definition.evaluateAt,
    evaluate,
    measure(params) {
      const { objectives, constraints } = evaluate(params);
      return {
        ...exactMetrics(
          objectives.map((_, i) => `f${i}`),
          objectives,
        ),
        ...exactMetrics(
          constraints.map((_, i) => `c${i}`),
          constraints,
        ),
      };
    },
  };
}

/** Exact values under their names. */
export function exactMetrics(names: readonly string[], values: readonly number[]): Record<string, MetricValue> {
  return Object.fromEntries(names.map((name, i) => [name, { mean: values[i], stderr: 0 }]));
}

export const unitBounds = (d: number): (readonly [number, number])[] =>
  Array.from({ length: d }, () => [0, 1] as const);
