/**
 * Multi-objective Bayesian optimisation: scrambled Sobol' points first, then the maximiser of the noisy expected hypervolume
 * improvement (acquisition/log-nehvi.ts) under exact Gaussian processes. While nothing is feasible the probability of
 * feasibility is maximised instead. Batches are built one point at a time, earlier points pending (sequential greedy).
 */
import type { Candidate } from '../acquisition/candidate.ts';
import { LogNehvi } from '../acquisition/log-nehvi.ts';
import { maximizeAcquisition } from '../acquisition/maximize.ts';
import type { Rng } from '../math/rng.ts';
import { decomposeNonDominated } from '../pareto/box-decomposition.ts';
import { nonDominatedIndices } from '../pareto/dominance.ts';
import { type FittedStudy, fitStudy } from './fit-study.ts';
import { FreshCells } from './fresh-cells.ts';
import type { Observations, ObservedTrial, Sampler, SamplerProblem, Suggestion } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { createSobolSampler } from './sobol.ts';
import { type StudyOutputs, studyOutputs } from './study-outputs.ts';
import { type TrialTable, trialTable } from './trial-table.ts';

function predicted(study: FittedStudy, candidate: Candidate): Record<string, { mean: number; sd: number }> {
  const out: Record<string, { mean: number; sd: number }> = {};
  for (const { output, transform, model } of study.objectives) {
    const { metric } = output.objective;
    if (model.kind === 'known') {
      out[metric] = { mean: output.sign * transform.inverse(model.value(candidate.params)), sd: 0 };
      continue;
    }
    model.model.predict(candidate.row);
    const mean = transform.inverse(model.model.means[0] + (model.offset?.(candidate.params) ?? 0));
    out[metric] = { mean: output.sign * mean, sd: Math.sqrt(model.model.variance) / transform.slope(mean) };
  }
  return out;
}

class MoboRun {
  readonly #problem: SamplerProblem;
  readonly #outputs: StudyOutputs;
  readonly #table: TrialTable;
  readonly #study: FittedStudy;

  constructor(problem: SamplerProblem, outputs: StudyOutputs, table: TrialTable, study: FittedStudy) {
    this.#problem = problem;
    this.#outputs = outputs;
    this.#table = table;
    this.#study = study;
  }

  next(seen: ReadonlySet<string>, rng: Rng): Suggestion | undefined {
    const { space } = this.#problem;
    const study = this.#study;
    const feasible = this.#table.rows.filter((row) => row.isFeasible);
    const values = feasible.map((row) => row.objectives);
    const boxes =
      feasible.length === 0 && study.constraints.length > 0 ? [] : [decomposeNonDominated(values, study.reference)];
    const acquisition = new LogNehvi(
      space,
      study.objectives.map(({ model }) => model),
      study.constraints,
      study.objectives.map(({ transform }) => transform.shape),
      boxes,
      1,
    );
    const front = nonDominatedIndices(values).map((i) => feasible[i].trial.params);
    const found = maximizeAcquisition(
      {
        space,
        acquisition,
        knownViolation: (params) => this.#outputs.knownViolation(params),
        seen,
        incumbents: front,
      },
      { rawSamples: 512, restarts: 8, iterations: 100, exhaustive: 2000 },
      rng,
    );
    const best = found[0];
    if (best === undefined) return undefined;
    return {
      params: best.candidate.params,
      why: { origin: 'mobo', acquisition: best.value, predicted: predicted(study, best.candidate) },
    };
  }
}

export function createMoboSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  const { space } = problem;
  const outputs = studyOutputs(problem);
  const sobol = createSobolSampler(problem, options);
  const initialPoints = options.initialPoints ?? 2 * (space.parameters.length + 1);

  const suggestOne = (observations: Observations, rng: Rng): Suggestion | string => {
    const initial = (): Suggestion | string => {
      const result = sobol.suggest(observations, rng.fork('sobol'), 1);
      return result.suggestions[0] ?? (result.kind === 'exhausted' ? result.reason : 'nothing left');
    };
    if (observations.length < initialPoints) return initial();
    const table = trialTable(problem, outputs, observations);
    const study = table.rows.length < 2 ? undefined : fitStudy(space, outputs, table);
    if (study === undefined) return initial();
    const seen = new Set(observations.map((trial) => space.cellKey(trial.params)));
    const suggestion = new MoboRun(problem, outputs, table, study).next(seen, rng.fork('mobo'));
    if (suggestion !== undefined) return suggestion;
    const fresh = new FreshCells(problem, observations);
    const params = fresh.sample(rng.fork('fresh'));
    return params === null
      ? fresh.exhaustedReason
      : { params, why: { origin: 'random', note: 'no better point found' } };
  };

  return {
    kind: 'mobo',
    suggest: (observations, rng, count) => {
      const grown: ObservedTrial[] = [...observations];
      const suggestions: Suggestion[] = [];
      for (let i = 0; i < count; i++) {
        const next = suggestOne(grown, count === 1 ? rng : rng.fork(`batch ${i}`));
        if (typeof next === 'string') return { kind: 'exhausted', suggestions, reason: next };
        suggestions.push(next);
        const number = (grown.at(-1)?.number ?? -1) + 1;
        grown.push({ number, state: 'pending', params: next.params, metrics: {} });
      }
      return { kind: 'suggestions', suggestions };
    },
  };
}
