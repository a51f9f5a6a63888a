/** How far a study has come: its front, its hypervolume after each trial, and whether it still gains. */
import { nonDominatedIndices } from '../pareto/dominance.ts';
import { hypervolumeHistory } from '../pareto/hypervolume-history.ts';
import { inferReferencePoint } from '../pareto/reference-point.ts';
import type { Observations, SamplerProblem } from './sampler.ts';
import { scoreTrials } from './scored-trials.ts';

export interface StudyProgress {
  /** Reference point in the objectives' own units and directions: as the study gives it, inferred from the front where it does not. */
  readonly reference: readonly number[];
  /** Numbers of the feasible non-dominated trials, ascending. */
  readonly front: readonly number[];
  /** One entry per observation, in order: the hypervolume of all feasible trials up to it. */
  readonly hypervolumes: Float64Array;
}

export function studyProgress(problem: SamplerProblem, observations: Observations): StudyProgress {
  const signs = problem.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
  const given = problem.objectives.map(({ reference }, j) =>
    reference === undefined ? undefined : signs[j] * reference,
  );
  const feasible = new Map<number, readonly number[]>();
  for (const { isFeasible, objectives, trial } of scoreTrials(problem, observations)) {
    if (isFeasible && objectives !== null) feasible.set(trial.number, objectives);
  }
  const points = [...feasible.values()];
  const numbers = [...feasible.keys()];
  const reference = inferReferencePoint(points, given);
  return {
    reference: reference.map((value, j) => signs[j] * value),
    front: nonDominatedIndices(points).map((i) => numbers[i]),
    hypervolumes: hypervolumeHistory(
      observations.map(({ number }) => feasible.get(number) ?? null),
      reference,
    ),
  };
}

export interface NoGainRule {
  /** Finished trials to look back over. */
  readonly trials: number;
  /** Growth below which the study stops, as a fraction of the hypervolume. */
  readonly hypervolumeGain: number;
}

export interface NoGainVerdict {
  readonly stop: boolean;
  /** Relative growth over the last `rule.trials` finished trials; Infinity while there is too little to judge. */
  readonly gain: number;
  readonly reason: string;
}

/**
 * Whether the last `rule.trials` finished trials (completed, pruned or infeasible) made the hypervolume grow by less than
 * `rule.hypervolumeGain` of it. Never stops a study that has no feasible trial below its reference point.
 */
export function judgeNoGain(problem: SamplerProblem, observations: Observations, rule: NoGainRule): NoGainVerdict {
  const { hypervolumes } = studyProgress(problem, observations);
  const finished = observations.flatMap(({ state }, i) =>
    state === 'completed' || state === 'pruned' || state === 'infeasible' ? [i] : [],
  );
  const before = finished.at(-1 - rule.trials);
  const now = hypervolumes.at(-1) ?? 0;
  if (before === undefined || now === 0) {
    const reason =
      now === 0 ? 'no feasible trial below the reference point yet' : `fewer than ${rule.trials + 1} finished trials`;
    return { stop: false, gain: Number.POSITIVE_INFINITY, reason };
  }
  const gain = (now - hypervolumes[before]) / now;
  const stop = gain < rule.hypervolumeGain;
  const percent = (fraction: number): string => `${Number((100 * fraction).toPrecision(3))} %`;
  const reason = `the last ${rule.trials} finished trials added ${percent(gain)} of the hypervolume (the rule asks for ${percent(rule.hypervolumeGain)})`;
  return { stop, gain, reason };
}
