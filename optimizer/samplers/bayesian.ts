/**
 * The loop that the model-based samplers share: even points first, then the best point that a search finds for an acquisition under exact
 * Gaussian processes. While nothing is feasible the probability of feasibility is maximised instead. Batches are built one point
 * at a time, earlier points pending (sequential greedy). A strategy says what a point is worth and how the best one is searched.
 */
import type { ScenarioGain } from '../acquisition/acquisition.ts';
import { type Candidate, toCandidate } from '../acquisition/candidate.ts';
import type { Found, SearchEffort, SearchTask } from '../acquisition/maximize.ts';
import { MixtureAcquisition } from '../acquisition/mixture-acquisition.ts';
import { ScenarioAcquisition } from '../acquisition/scenario-acquisition.ts';
import { searchWithin } from '../acquisition/search-within.ts';
import type { Rng } from '../math/rng.ts';
import { nonDominatedIndices, type Point } from '../pareto/dominance.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';
import { centreDesign, centrePoint, centrePoints, freeParameters } from './centre-design.ts';
import { doubtfulStudy, isWorthDoubt, outweighs } from './doubt.ts';
import { drawStudies } from './draw-studies.ts';
import { type FittedStudy, fitStudy, MAX_MODELLED } from './fit-study.ts';
import { FreshCells } from './fresh-cells.ts';
import type { Observations, ObservedTrial, Sampler, SamplerProblem, Suggestion } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { buildScenarios } from './scenarios.ts';
import { createSobolSampler } from './sobol.ts';
import { type StudyOutputs, studyOutputs } from './study-outputs.ts';
import { type TableRow, type TrialTable, trialTable } from './trial-table.ts';

/** One even point per parameter and one more are enough for models that know main effects; never fewer than this. */
const FEWEST_INITIAL = 6;

export interface BayesianStrategy {
  readonly kind: string;
  /** The gain per scenario; `fronts` are the feasible points of each scenario, turned raw units. */
  gains(study: FittedStudy, fronts: readonly (readonly Point[])[], rng: Rng): readonly ScenarioGain[];
  search(task: SearchTask, effort: SearchEffort, rng: Rng): readonly Found[];
  /** What a front is worth in the units of the gain; absent = gains cannot be compared with it. */
  reached?(study: FittedStudy, front: readonly Point[]): number;
}

function predicted(study: FittedStudy, candidate: Candidate): Record<string, { mean: number; sd: number }> {
  const out: Record<string, { mean: number; sd: number }> = {};
  for (const { output, transform, model } of study.objectives) {
    const { metric } = output.objective;
    if (model.kind === 'known') {
      out[metric] = { mean: output.sign * transform.inverse(model.value(candidate.params)), sd: 0 };
      continue;
    }
    model.model.predict(candidate.row);
    const raw = transform.inverse(model.model.means[0] + (model.offset?.(candidate.params) ?? 0));
    const sd = Math.sqrt(model.model.variance) / transform.slope(raw);
    out[metric] = { mean: output.sign * raw, sd };
  }
  return out;
}

interface FreeChoice {
  readonly design: Params;
  /** Indices of the parameters that may differ. */
  readonly free: readonly number[];
}

/** One fitted state of a study, good for any number of suggestions. */
class BayesianRun {
  readonly #strategy: BayesianStrategy;
  readonly #space: SearchSpace;
  readonly #outputs: StudyOutputs;
  readonly #table: TrialTable;
  readonly #study: FittedStudy;
  readonly #drawn: readonly FittedStudy[];
  readonly #feasible: readonly TableRow[];
  readonly #interrupting: Pick<SearchTask, 'interrupt'>;

  constructor(
    strategy: BayesianStrategy,
    space: SearchSpace,
    outputs: StudyOutputs,
    table: TrialTable,
    study: FittedStudy,
    drawn: readonly FittedStudy[],
    interrupting: Pick<SearchTask, 'interrupt'>,
  ) {
    this.#strategy = strategy;
    this.#space = space;
    this.#outputs = outputs;
    this.#table = table;
    this.#study = study;
    this.#drawn = drawn;
    this.#interrupting = interrupting;
    this.#feasible = table.rows.filter((row) => row.isFeasible);
  }

  /** The best point; with `within`, of those that differ from a design in free parameters only. */
  next(
    seen: ReadonlySet<string>,
    pending: readonly Candidate[],
    rng: Rng,
    within?: FreeChoice,
  ): Suggestion | undefined {
    const { reached } = this.#strategy;
    const confident = this.#search(this.#drawn, seen, pending, rng, within);
    if (confident === undefined) return undefined;
    if (within !== undefined) return this.#reason(confident, 'how to treat the design in the middle of what is known');
    let best = confident;
    const front = this.#feasible.map((row) => row.objectives);
    if (isWorthDoubt(confident.value, reached?.(this.#study, front) ?? 0, this.#table.rows.length + pending.length)) {
      const doubtful = this.#search([doubtfulStudy(this.#study)], seen, pending, rng.fork('doubt'));
      if (doubtful !== undefined && outweighs(doubtful.value, confident.value)) best = doubtful;
    }
    return this.#reason(best, best === confident ? undefined : 'a second look under more cautious models');
  }

  #reason({ candidate, value }: Found, note?: string): Suggestion {
    return {
      params: candidate.params,
      why: {
        origin: this.#strategy.kind,
        acquisition: value,
        predicted: predicted(this.#study, candidate),
        ...(note !== undefined && { note }),
      },
    };
  }

  #search(
    studies: readonly FittedStudy[],
    seen: ReadonlySet<string>,
    pending: readonly Candidate[],
    rng: Rng,
    within?: FreeChoice,
  ): Found | undefined {
    const parts = studies.map((study) => {
      this.#interrupting.interrupt?.();
      const scenarios = buildScenarios(study, this.#outputs, this.#table, pending, rng.fork('scenarios'));
      return new ScenarioAcquisition(
        this.#space,
        scenarios.objectives,
        scenarios.constraints,
        this.#strategy.gains(study, scenarios.fronts, rng.fork('gains')),
        scenarios.count,
      );
    });
    const acquisition = new MixtureAcquisition(parts);
    const feasible = this.#feasible;
    const task: SearchTask = {
      space: this.#space,
      acquisition,
      knownViolation: (params) => this.#outputs.knownViolation(params),
      isSeen: (params) => seen.has(this.#space.cellKey(params)),
      incumbents: nonDominatedIndices(feasible.map((row) => row.objectives)).map((i) => feasible[i].trial.params),
      ...this.#interrupting,
    };
    const effort = effortFor(Math.min(MAX_MODELLED, this.#table.rows.length), this.#space);
    if (within === undefined) return this.#strategy.search(task, effort, rng.fork('search'))[0];
    const part = searchWithin(task, within.design, within.free);
    if (part === undefined) return undefined;
    const [found] = this.#strategy.search(part.task, effort, rng.fork('search'));
    return found === undefined ? undefined : part.whole(found);
  }
}

/** A prediction costs O(n^2): many trials get fewer of them. Where nothing moves but numbers, local searches need no discrete moves. */
function effortFor(trials: number, space: SearchSpace): SearchEffort {
  const few = Math.min(1, 100 / Math.max(1, trials));
  const isContinuous = space.dimensions.every(({ kind }) => kind === 'continuous');
  return {
    rawSamples: Math.round(128 + (isContinuous ? 896 * few ** 3 : 384 * few ** 2)),
    restarts: Math.round(3 + (isContinuous ? 11 * few ** 3 : 5 * few ** 2)),
    iterations: Math.round(30 + 70 * few ** 2),
    exhaustive: Math.round(500 + 1500 * few ** 2),
  };
}

function hasSameTrials(a: TrialTable, b: TrialTable): boolean {
  return a.rows.length === b.rows.length && a.rows.every(({ trial }, i) => trial === b.rows[i].trial);
}

export function createBayesianSampler(
  problem: SamplerProblem,
  options: SamplerOptions,
  strategy: BayesianStrategy,
): Sampler {
  const { space } = problem;
  const outputs = studyOutputs(problem);
  const free = freeParameters(problem);
  const sobol = createSobolSampler(problem, options);
  const atCentre = centrePoints(free.length, options.budgetTrials);
  const usual = Math.max(FEWEST_INITIAL, atCentre > 0 ? atCentre : space.parameters.length + 1);
  const initialPoints = options.initialPoints ?? usual;
  const { interrupt } = options;
  let latest: { readonly table: TrialTable; readonly study: FittedStudy | undefined } | null = null;

  /** Asks between which no result came share one fit. */
  const fit = (table: TrialTable): FittedStudy | undefined => {
    if (latest === null || !hasSameTrials(latest.table, table))
      latest = { table, study: fitStudy(space, outputs, table, options) };
    return latest.study;
  };

  const evenAtCentre = Math.min(atCentre, free.length + 2);
  const design = atCentre > 0 ? centreDesign(problem, free, options.seed) : undefined;
  const modelledFrom = design === undefined ? initialPoints : Math.min(initialPoints, evenAtCentre);

  const initialPoint = (observations: Observations, rng: Rng): Suggestion | string => {
    if (design !== undefined && observations.length < atCentre) {
      const params = centrePoint(problem, design, free, observations, options.seed);
      if (params !== undefined) return { params, why: { origin: 'centre' } };
    }
    const result = sobol.suggest(observations, rng.fork('sobol'), 1);
    if (result.kind === 'exhausted') return result.reason;
    return result.suggestions[0];
  };

  const suggestOne = (run: BayesianRun | undefined, observations: Observations, rng: Rng): Suggestion | string => {
    const isInitial = observations.length < initialPoints;
    const within =
      isInitial && design !== undefined && observations.length >= evenAtCentre ? { design, free } : undefined;
    if (run === undefined || (isInitial && within === undefined)) return initialPoint(observations, rng);
    const seen = new Set(observations.map((trial) => space.cellKey(trial.params)));
    const pending = observations
      .filter((trial) => trial.state === 'pending')
      .map((trial) => toCandidate(space, trial.params));
    const suggestion = run.next(seen, pending, rng.fork('model'), within);
    if (suggestion !== undefined) return suggestion;
    if (isInitial) return initialPoint(observations, rng);
    const fresh = new FreshCells(problem, observations);
    const params = fresh.sample(rng.fork('fresh'));
    if (params === null) return fresh.exhaustedReason;
    return { params, why: { origin: 'random', note: 'the search met no new point with a chance to improve' } };
  };

  return {
    kind: strategy.kind,
    suggest: (observations, rng, count) => {
      const grown: ObservedTrial[] = [...observations];
      const suggestions: Suggestion[] = [];
      // The models depend on finished trials only: one fit serves the whole batch.
      const table = trialTable(problem, outputs, observations);
      const isReady = observations.length + count > modelledFrom && table.rows.length >= 2;
      const study = isReady ? fit(table) : undefined;
      const run =
        study === undefined
          ? undefined
          : new BayesianRun(
              strategy,
              space,
              outputs,
              table,
              study,
              drawStudies(study, rng.fork('draws'), interrupt),
              interrupt === undefined ? {} : { interrupt },
            );
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
