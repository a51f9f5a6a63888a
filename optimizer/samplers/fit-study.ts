/** Fits one surrogate per output that is not known: objectives, modelled constraints, and plain feasibility labels. */
import type { OutputModel } from '../acquisition/acquisition.ts';
import { cautiousModel } from '../gp/cautious-model.ts';
import type { FitOptions } from '../gp/fit.ts';
import type { KernelColumn, KernelKind } from '../gp/kernel.ts';
import {
  bilogTransform,
  linearTransform,
  logTransform,
  momentsOf,
  type OutputTransform,
  quantile,
  softClipTransform,
} from '../gp/output-transform.ts';
import { roughSurrogate } from '../gp/rough-surrogate.ts';
import { type OutputData, Surrogate } from '../gp/surrogate.ts';
import { inferReferencePoint } from '../pareto/reference-point.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';
import { representativeRows } from './representative-rows.ts';
import type { SamplerOptions } from './sampler-options.ts';
import type { ObjectiveOutput, StudyOutputs } from './study-outputs.ts';
import type { TableRow, TrialTable } from './trial-table.ts';

/** An objective's model; `transform` maps turned raw values to the model's units. */
export interface FittedObjective {
  readonly output: ObjectiveOutput;
  readonly transform: OutputTransform;
  readonly model: OutputModel;
}

export interface FittedStudy {
  readonly objectives: readonly FittedObjective[];
  readonly constraints: readonly OutputModel[];
  /** Turned raw units. */
  readonly reference: readonly number[];
}

const FIT_ITERATIONS = 60;
/** Trials that a model conditions on at most: an ask must stay below a second at thousands of trials. */
export const MAX_MODELLED = 320;

/** One kernel column per parameter. */
export function kernelColumns(space: SearchSpace): KernelColumn[] {
  return space.dimensions.map((dimension, d): KernelColumn => {
    const kind = dimension.kind === 'categorical' ? 'categorical' : 'numeric';
    return { kind, isConditional: space.parameters[d].when !== undefined };
  });
}

interface ModelForm {
  readonly columns: readonly KernelColumn[];
  /** Kernels that are compared. */
  readonly kinds: readonly KernelKind[];
  readonly interrupt: (() => void) | undefined;
  /** Asks take turns between two readings of rugged values: far from its minimum the trend leads there, near it ripples count. */
  readonly isTurnOfTrend: boolean;
}

const fitOptions = ({ kinds, interrupt }: ModelForm): FitOptions => ({
  kinds,
  maxIterations: FIT_ITERATIONS,
  ...(interrupt !== undefined && { interrupt }),
});

const isMixed = (space: SearchSpace): boolean => space.dimensions.some(({ kind }) => kind !== 'continuous');

/**
 * Products of few smooth effects are the rule in continuous spaces. Where parameters are counts and choices, effects of single parameters
 * carry far and each has a size of its own. A kernel that can say so has twice the hyper-parameters, which only an average over many of
 * their values makes safe (draw-studies.ts); that is affordable where a single output has to be modelled.
 */
function outputForm(space: SearchSpace, outputs: StudyOutputs, trials: number, interrupt?: () => void): ModelForm {
  const modelled = outputs.objectives.filter(({ known }) => known === undefined).length + outputs.modelled.length;
  const common = { columns: kernelColumns(space), isTurnOfTrend: trials % 2 === 0, interrupt };
  if (!isMixed(space)) return { ...common, kinds: ['subsets52', 'subsetsRbf'] };
  return { ...common, kinds: modelled === 1 ? ['anova'] : ['matern52', 'rbf'] };
}

function fitObjective(
  form: ModelForm,
  rows: readonly TableRow[],
  output: ObjectiveOutput,
  j: number,
  reference: number,
): FittedObjective | undefined {
  const { known, prior, trends } = output;
  const used = rows.filter((row) => !Number.isNaN(row.objectives[j]));
  const values = used.map((row) => row.objectives[j]);
  if (known !== undefined) {
    const { mean, deviation } = momentsOf(values);
    const transform = linearTransform(mean, deviation);
    return { output, transform, model: { kind: 'known', value: (params) => transform.forward(known(params)) } };
  }
  const taught: OutputData = {
    columns: form.columns,
    rows: used.map((row) => row.candidate.row),
    values,
    errors: used.map((row) => row.errors[j]),
    ...(prior === undefined ? {} : { prior: used.map((row) => prior(row.trial.params)) }),
    ...(trends.length > 0 && { trends: trends.map((t) => Float64Array.from(used, ({ trial }) => t(trial.params))) }),
  };
  const options = fitOptions(form);
  const exact = Surrogate.fitBest(taught, objectiveTransforms(values, reference), options);
  const surrogate =
    (exact !== undefined && form.isTurnOfTrend ? roughSurrogate(taught, exact, options) : undefined) ?? exact;
  if (surrogate === undefined) return undefined;
  const { transform, model, data, hyper } = surrogate;
  if (prior !== undefined) {
    const offset = (params: Params): number => transform.forward(prior(params));
    return { output, transform, model: { kind: 'modelled', model, offset } };
  }
  if (trends.length === 0) return { output, transform, model: { kind: 'modelled', model } };
  const offset = (slopes: Float64Array) => (params: Params) =>
    trends.reduce((sum, trend, t) => sum + slopes[t] * trend(params), 0);
  const trended = { data, offset };
  return { output, transform, model: { kind: 'modelled', model, offset: offset(hyper.slopes), trended } };
}

/** How far below its natural bound the logarithm's pole lies, relative to the median distance: keeps it finite at the bound. */
const POLE_DISTANCE = 0.3;
/** Observations before a logarithm is considered: fewer cannot tell it from chance. */
const MIN_LOG_OBSERVATIONS = 6;

/**
 * The transforms worth comparing. Values beyond the reference point cannot improve the hypervolume: only their order matters, so they
 * are compressed. A quantity that is bounded by nature (positive, or a fraction to be maximised) may be additive in its logarithm.
 */
function objectiveTransforms(values: readonly number[], reference: number): OutputTransform[] {
  const sorted = [...values].sort((a, b) => a - b);
  const knee = Math.max(reference, quantile(sorted, 0.5));
  const width = Math.max(knee - sorted[0], 1e-12 * Math.max(1, Math.abs(knee)));
  const transforms = [softClipTransform(values, knee, width)];
  if (values.length >= MIN_LOG_OBSERVATIONS) {
    const highest = sorted[sorted.length - 1];
    const middle = quantile(sorted, 0.5);
    if (sorted[0] > 0 && highest > 2 * sorted[0]) transforms.push(logTransform(values, -POLE_DISTANCE * middle));
    if (sorted[0] > -1 && highest <= 0) transforms.push(logTransform(values, -1 - POLE_DISTANCE * (middle + 1)));
  }
  return transforms;
}

function fitConstraint(form: ModelForm, rows: readonly TableRow[], c: number): OutputModel | undefined {
  const used = rows.filter((row) => !Number.isNaN(row.violations[c]));
  if (used.length === 0) return undefined;
  const values = used.map((row) => row.violations[c]);
  return fitPlain(form, used, values, bilogTransform(values));
}

function fitPlain(
  form: ModelForm,
  rows: readonly TableRow[],
  values: readonly number[],
  transform: OutputTransform,
): OutputModel | undefined {
  const surrogate = Surrogate.fitBest(
    { columns: form.columns, rows: rows.map((row) => row.candidate.row), values, errors: values.map(() => Number.NaN) },
    [transform],
    fitOptions(form),
  );
  return surrogate === undefined ? undefined : { kind: 'modelled', model: surrogate.model };
}

/** Trials that do not fit are lost, and labels say nothing about how near the border is: go where success is all but certain. */
const FEASIBILITY_STRICTNESS = 24;
/** Length-scale above which labels are not believed: a parameter that has not yet decided may still do so. */
const LONGEST_OF_LABELS = 2;
/** Expected far from all trials, in deviations of the labels: that most trials fitted only says where they were asked. */
const UNTRIED = 1.5;

/** A model of the labels of trials that ended infeasible without a reason in their values; undefined when there are none. */
function fitFeasibility(form: ModelForm, rows: readonly TableRow[]): OutputModel | undefined {
  if (!rows.some((row) => row.isUnexplained)) return undefined;
  const labels = rows.map((row) => (row.isUnexplained ? 1 : -1));
  const output = fitPlain(form, rows, labels, linearTransform(0, momentsOf(labels).deviation));
  if (output?.kind !== 'modelled') return output;
  return {
    ...output,
    model: cautiousModel(output.model, { longest: LONGEST_OF_LABELS, mean: UNTRIED }),
    strictness: FEASIBILITY_STRICTNESS,
  };
}

/** Fits everything; undefined when an objective has too little data or no covariance could be factorised. */
export function fitStudy(
  space: SearchSpace,
  outputs: StudyOutputs,
  table: TrialTable,
  { modelledTrials = MAX_MODELLED, interrupt }: Pick<SamplerOptions, 'modelledTrials' | 'interrupt'> = {},
): FittedStudy | undefined {
  const form = outputForm(space, outputs, table.rows.length, interrupt);
  const complete = table.rows.filter((row) => row.objectives.every((value) => !Number.isNaN(value)));
  const feasible = complete.filter((row) => row.isFeasible);
  const reference = inferReferencePoint(
    (feasible.length > 0 ? feasible : complete).map((row) => row.objectives),
    outputs.objectives.map((output) => output.reference),
  );
  const rows = representativeRows(form.columns, table.rows, modelledTrials);
  const objectives: FittedObjective[] = [];
  for (let j = 0; j < outputs.objectives.length; j++) {
    const fitted = fitObjective(form, rows, outputs.objectives[j], j, reference[j]);
    if (fitted === undefined) return undefined;
    objectives.push(fitted);
  }
  const constraints: OutputModel[] = [];
  outputs.modelled.forEach((_, c) => {
    const model = fitConstraint(form, rows, c);
    if (model !== undefined) constraints.push(model);
  });
  const feasibility = fitFeasibility({ ...form, kinds: ['matern52', 'rbf'] }, rows);
  if (feasibility !== undefined) constraints.push(feasibility);
  return { objectives, constraints, reference };
}
