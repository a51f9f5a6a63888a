/**
 * Where the next second of evaluation buys most hypervolume: finishing a trial that was cut short, starting a new one, repeating at a
 * higher fidelity. Each option is a prediction of its final objectives and a cost; the value is the expected hypervolume improvement for
 * independent normals, exact over the boxes of the non-dominated region (Yang, Emmerich, Deutz, Bäck, J. Glob. Opt. 75, 2019), divided by
 * the cost.
 */
import { expectedImprovement } from '../../math/normal.ts';
import { type BoxDecomposition, decomposeNonDominated } from '../../pareto/box-decomposition.ts';
import { inferReferencePoint } from '../../pareto/reference-point.ts';
import type { Observations, SamplerProblem } from '../sampler.ts';
import { scoreTrials } from '../scored-trials.ts';

export interface Investment {
  /** The caller's name for the option. */
  readonly id: string;
  /** Seconds still to be spent on it; positive. */
  readonly costSeconds: number;
  /** Foretold final value per objective metric, in the metric's unit. */
  readonly predicted: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
  /** Probability that all constraints hold; 1 unless given. */
  readonly probabilityFeasible?: number;
}

export interface RankedInvestment {
  readonly id: string;
  /** In units of the hypervolume. */
  readonly expectedGain: number;
  readonly gainPerSecond: number;
}

/** E[(a − f)⁺] for f normal; 0 at a = −∞. */
function expectedBelow(a: number, mean: number, sd: number): number {
  if (a === Number.NEGATIVE_INFINITY) return 0;
  return sd > 0 ? sd * expectedImprovement((a - mean) / sd) : Math.max(0, a - mean);
}

/** Expected hypervolume improvement of independent normal objectives (minimised) over the boxes. */
export function expectedGain(boxes: BoxDecomposition, means: readonly number[], sds: readonly number[]): number {
  const { m, count, lower, upper } = boxes;
  let sum = 0;
  for (let k = 0; k < count; k++) {
    let volume = 1;
    for (let j = 0; j < m && volume > 0; j++) {
      volume *= expectedBelow(upper[k * m + j], means[j], sds[j]) - expectedBelow(lower[k * m + j], means[j], sds[j]);
    }
    sum += Math.max(0, volume);
  }
  return sum;
}

/** Best first; ties keep their order. Throws `RangeError` for an option without a prediction of every objective or without a cost. */
export function rankByGainPerCost(
  problem: SamplerProblem,
  observations: Observations,
  investments: readonly Investment[],
): RankedInvestment[] {
  const signs = problem.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
  const given = problem.objectives.map(({ reference }, j) =>
    reference === undefined ? undefined : signs[j] * reference,
  );
  const front = scoreTrials(problem, observations).flatMap((t) =>
    t.isFeasible && t.objectives !== null ? [t.objectives] : [],
  );
  const boxes = decomposeNonDominated(front, inferReferencePoint(front, given));
  const ranked = investments.map(({ id, costSeconds, predicted, probabilityFeasible = 1 }) => {
    if (!(costSeconds > 0)) throw new RangeError(`option ${id} needs a positive cost, got ${costSeconds}`);
    const values = problem.objectives.map(({ metric }) => {
      const value = predicted[metric];
      if (value === undefined) throw new RangeError(`option ${id} lacks a prediction of ${metric}`);
      return value;
    });
    const means = values.map(({ mean }, j) => signs[j] * mean);
    const gain =
      probabilityFeasible *
      expectedGain(
        boxes,
        means,
        values.map(({ sd }) => sd),
      );
    return { id, expectedGain: gain, gainPerSecond: gain / costSeconds };
  });
  return ranked.sort((a, b) => b.gainPerSecond - a.gainPerSecond);
}
