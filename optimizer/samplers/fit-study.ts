/** Fits one surrogate per output that is not known: objectives, modelled constraints, and plain feasibility labels. */
import type { OutputModel } from '../acquisition/acquisition.ts';
import type { ModelSpace } from '../acquisition/candidate.ts';
import { cautiousModel } from '../gp/cautious-model.ts';
import type { KernelColumn } from '../gp/kernel.ts';
import {
  bilogTransform,
  linearTransform,
  logTransform,
  momentsOf,
  type OutputTransform,
  quantile,
  softClipTransform,
} from '../gp/output-transform.ts';
import { Surrogate } from '../gp/surrogate.ts';
import { inferReferencePoint } from '../pareto/reference-point.ts';
import type { Params } from '../space/parameter.ts';
import { representativeRows } from './representative-rows.ts';
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

/** One kernel column per parameter and per feature. */
export function kernelColumns({ space, features }: ModelSpace): KernelColumn[] {
  const parameters = space.dimensions.map((dimension, d): KernelColumn => {
    const kind = dimension.kind === 'categorical' ? 'categorical' : 'numeric';
    return { kind, isConditional: space.parameters[d].when !== undefined };
  });
  const derived = Array.from(
    { length: features.count },
    (): KernelColumn => ({ kind: 'numeric', isConditional: false }),
  );
  return [...parameters, ...derived];
}

function fitObjective(
  columns: readonly KernelColumn[],
  rows: readonly TableRow[],
  output: ObjectiveOutput,
  j: number,
  reference: number,
): FittedObjective | undefined {
  const { known, prior } = output;
  const used = rows.filter((row) => !Number.isNaN(row.objectives[j]));
  const values = used.map((row) => row.objectives[j]);
  if (known !== undefined) {
    const { mean, deviation } = momentsOf(values);
    const transform = linearTransform(mean, deviation);
    return { output, transform, model: { kind: 'known', value: (params) => transform.forward(known(params)) } };
  }
  const surrogate = Surrogate.fitBest(
    {
      columns,
      rows: used.map((row) => row.candidate.row),
      values,
      errors: used.map((row) => row.errors[j]),
      ...(prior === undefined ? {} : { prior: used.map((row) => prior(row.trial.params)) }),
    },
    objectiveTransforms(values, reference),
    { kinds: ['matern52', 'rbf'], maxIterations: FIT_ITERATIONS },
  );
  if (surrogate === undefined) return undefined;
  const { transform } = surrogate;
  const offset = prior === undefined ? {} : { offset: (params: Params) => transform.forward(prior(params)) };
  return { output, transform, model: { kind: 'modelled', model: surrogate.model, ...offset } };
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

function fitConstraint(
  columns: readonly KernelColumn[],
  rows: readonly TableRow[],
  c: number,
): OutputModel | undefined {
  const used = rows.filter((row) => !Number.isNaN(row.violations[c]));
  if (used.length === 0) return undefined;
  const values = used.map((row) => row.violations[c]);
  return fitPlain(columns, used, values, bilogTransform(values));
}

function fitPlain(
  columns: readonly KernelColumn[],
  rows: readonly TableRow[],
  values: readonly number[],
  transform: OutputTransform,
): OutputModel | undefined {
  const surrogate = Surrogate.fitBest(
    { columns, rows: rows.map((row) => row.candidate.row), values, errors: values.map(() => Number.NaN) },
    [transform],
    { kinds: ['matern52', 'rbf'], maxIterations: FIT_ITERATIONS },
  );
  return surrogate === undefined ? undefined : { kind: 'modelled', model: surrogate.model };
}

/** Trials that do not fit are lost, and labels say nothing about how near the border is: go where success is all but certain. */
const FEASIBILITY_STRICTNESS = 24;
/** Length-scale above which labels are not believed: a parameter that has not yet decided may still do so. */
const LONGEST_OF_LABELS = 2;

/** A model of the labels of trials that ended infeasible without a reason in their values; undefined when there are none. */
function fitFeasibility(columns: readonly KernelColumn[], rows: readonly TableRow[]): OutputModel | undefined {
  if (!rows.some((row) => row.isUnexplained)) return undefined;
  const labels = rows.map((row) => (row.isUnexplained ? 1 : -1));
  const output = fitPlain(columns, rows, labels, linearTransform(0, momentsOf(labels).deviation));
  if (output?.kind !== 'modelled') return output;
  return {
    ...output,
    model: cautiousModel(output.model, { longest: LONGEST_OF_LABELS }),
    strictness: FEASIBILITY_STRICTNESS,
  };
}

/** Fits everything; undefined when an objective has too little data or no covariance could be factorised. */
export function fitStudy(space: ModelSpace, outputs: StudyOutputs, table: TrialTable): FittedStudy | undefined {
  const columns = kernelColumns(space);
  const complete = table.rows.filter((row) => row.objectives.every((value) => !Number.isNaN(value)));
  const feasible = complete.filter((row) => row.isFeasible);
  const reference = inferReferencePoint(
    (feasible.length > 0 ? feasible : complete).map((row) => row.objectives),
    outputs.objectives.map((output) => output.reference),
  );
  const rows = representativeRows(columns, table.rows, MAX_MODELLED);
  const objectives: FittedObjective[] = [];
  for (let j = 0; j < outputs.objectives.length; j++) {
    const fitted = fitObjective(columns, rows, outputs.objectives[j], j, reference[j]);
    if (fitted === undefined) return undefined;
    objectives.push(fitted);
  }
  const constraints: OutputModel[] = [];
  outputs.modelled.forEach((_, c) => {
    const model = fitConstraint(columns, rows, c);
    if (model !== undefined) constraints.push(model);
  });
  const feasibility = fitFeasibility(columns, rows);
  if (feasibility !== undefined) constraints.push(feasibility);
  return { objectives, constraints, reference };
}
