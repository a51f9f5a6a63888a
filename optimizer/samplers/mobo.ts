/**
 * Multi-objective Bayesian optimisation: scrambled Sobol' points first, then the maximiser of the noisy expected hypervolume
 * improvement (acquisition/log-nehvi.ts) under exact Gaussian processes. While nothing is feasible the probability of
 * feasibility is maximised instead. Batches are built one point at a time, earlier points pending (sequential greedy).
 */
import { type Candidate, type ModelSpace, toCandidate } from '../acquisition/candidate.ts';
import { LogNehvi } from '../acquisition/log-nehvi.ts';
import { maximizeAcquisition } from '../acquisition/maximize.ts';
import type { Rng } from '../math/rng.ts';
import { nonDominatedIndices } from '../pareto/dominance.ts';
import { type FittedStudy, fitStudy, kernelColumns } from './fit-study.ts';
import { FreshCells } from './fresh-cells.ts';
import { knownFeatures } from './known-features.ts';
import type { Observations, ObservedTrial, Sampler, SamplerProblem, Suggestion } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { buildScenarios } from './scenarios.ts';
import { createSobolSampler } from './sobol.ts';
import { spreadPoint } from './spread-design.ts';
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
    let mean = 0;
    let square = 0;
    for (const member of model.models) {
      member.predict(candidate.row);
      mean += member.means[0] / model.models.length;
      square += (member.variance + member.means[0] * member.means[0]) / model.models.length;
    }
    const raw = transform.inverse(mean + (model.offset?.(candidate.params) ?? 0));
    const sd = Math.sqrt(Math.max(0, square - mean * mean)) / transform.slope(raw);
    out[metric] = { mean: output.sign * raw, sd };
  }
  return out;
}

class MoboRun {
  readonly #model: ModelSpace;
  readonly #outputs: StudyOutputs;
  readonly #table: TrialTable;
  readonly #study: FittedStudy;

  constructor(model: ModelSpace, outputs: StudyOutputs, table: TrialTable, study: FittedStudy) {
    this.#model = model;
    this.#outputs = outputs;
    this.#table = table;
    this.#study = study;
  }

  next(seen: ReadonlySet<string>, pending: readonly Candidate[], rng: Rng): Suggestion | undefined {
    const study = this.#study;
    const feasible = this.#table.rows.filter((row) => row.isFeasible);
    const values = feasible.map((row) => row.objectives);
    const scenarios = buildScenarios(study, this.#outputs, this.#table, pending, rng.fork('scenarios'));
    const acquisition = new LogNehvi(
      this.#model,
      scenarios.objectives,
      scenarios.constraints,
      study.objectives.map(({ transform }) => transform.shape),
      scenarios.boxes,
      { members: 1, fantasies: scenarios.count },
    );
    const front = nonDominatedIndices(values).map((i) => feasible[i].trial.params);
    const found = maximizeAcquisition(
      {
        model: this.#model,
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
  const model: ModelSpace = { space, features: knownFeatures(problem) };
  const sobol = createSobolSampler(problem, options);
  const initialPoints = options.initialPoints ?? 2 * (space.parameters.length + 1);

  const initialPoint = (observations: Observations, rng: Rng): Suggestion | string => {
    if (model.features.count > 0) {
      const params = spreadPoint(problem, model, kernelColumns(model), observations, options.seed);
      if (params !== undefined) return { params, why: { origin: 'spread' } };
    }
    const result = sobol.suggest(observations, rng.fork('sobol'), 1);
    if (result.kind === 'exhausted') return result.reason;
    return result.suggestions[0];
  };

  const suggestOne = (run: MoboRun | undefined, observations: Observations, rng: Rng): Suggestion | string => {
    if (run === undefined || observations.length < initialPoints) return initialPoint(observations, rng);
    const seen = new Set(observations.map((trial) => space.cellKey(trial.params)));
    const pending = observations
      .filter((trial) => trial.state === 'pending')
      .map((trial) => toCandidate(model, trial.params));
    const suggestion = run.next(seen, pending, rng.fork('mobo'));
    if (suggestion !== undefined) return suggestion;
    const fresh = new FreshCells(problem, observations);
    const params = fresh.sample(rng.fork('fresh'));
    if (params === null) return fresh.exhaustedReason;
    return { params, why: { origin: 'random', note: 'the search met no new point with a chance to improve' } };
  };

  return {
    kind: 'mobo',
    suggest: (observations, rng, count) => {
      const grown: ObservedTrial[] = [...observations];
      const suggestions: Suggestion[] = [];
      // The models depend on finished trials only: one fit serves the whole batch.
      const table = trialTable(problem, model, outputs, observations);
      const isReady = observations.length + count > initialPoints && table.rows.length >= 2;
      const study = isReady ? fitStudy(model, outputs, table) : undefined;
      const run = study === undefined ? undefined : new MoboRun(model, outputs, table, study);
      for (let i = 0; i < count; i++) {
        const next = suggestOne(run, grown, count === 1 ? rng : rng.fork(`batch ${i}`));
        if (typeof next === 'string') return { kind: 'exhausted', suggestions, reason: next };
        suggestions.push(next);
        const number = (grown.at(-1)?.number ?? -1) + 1;
        grown.push({ number, state: 'pending', params: next.params, metrics: {} });
      }
      return { kind: 'suggestions', suggestions };
    },
  };
}
