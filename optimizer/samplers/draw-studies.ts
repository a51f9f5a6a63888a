/**
 * The same study under several draws from the posterior of its models' hyper-parameters. In a mixed space one best fit soon holds a
 * parameter for irrelevant that it has hardly seen move, and is then never asked to move it; some of the draws disagree.
 */
import type { OutputModel } from '../acquisition/acquisition.ts';
import { GpModel } from '../gp/gp-model.ts';
import { splitHyper } from '../gp/hyper-parameters.ts';
import { drawHyperParameters } from '../gp/hyper-posterior.ts';
import { detrended } from '../gp/marginal-likelihood.ts';
import type { Rng } from '../math/rng.ts';
import type { FittedStudy } from './fit-study.ts';

/** Draws of one model; studies of several models share them, so that an ask costs about the same. */
const DRAWS = 4;
/** Trials above which the posterior is narrow and every draw dear. */
const MOST_TRIALS = 80;
const EFFORT = { draws: DRAWS, warmUp: 8, between: 3 };

/** Models of measured values; labels of failure are read cautiously by design (strictness). */
function isDrawn(output: OutputModel): boolean {
  if (output.kind === 'known' || output.strictness !== undefined) return false;
  return output.model.hyper.kind === 'anova' && output.model.data.n <= MOST_TRIALS;
}

function drawOutput(output: OutputModel, draws: number, rng: Rng, interrupt?: () => void): OutputModel[] {
  if (output.kind === 'known' || !isDrawn(output)) return new Array<OutputModel>(draws).fill(output);
  const { model, trended } = output;
  const { kind } = model.hyper;
  const data = trended?.data ?? model.data;
  const found = drawHyperParameters(data, model.hyper, { ...EFFORT, draws }, rng, interrupt);
  return Array.from({ length: draws }, (_, k) => {
    interrupt?.();
    if (found[k] === undefined) return output;
    const hyper = splitHyper(kind, data.columns.length, found[k]);
    const drawn = GpModel.create(detrended(data, hyper.slopes), hyper);
    if (drawn === undefined) return output;
    return { ...output, model: drawn, ...(trended !== undefined && { offset: trended.offset(hyper.slopes) }) };
  });
}

/** The studies to average over: draws, or the fitted one alone. */
export function drawStudies(study: FittedStudy, rng: Rng, interrupt?: () => void): readonly FittedStudy[] {
  const outputs = [...study.objectives.map(({ model }) => model), ...study.constraints];
  const draws = Math.floor(DRAWS / Math.max(1, outputs.filter(isDrawn).length));
  if (draws < 2 || !outputs.some(isDrawn)) return [study];
  const draw = (model: OutputModel, name: string): OutputModel[] => drawOutput(model, draws, rng.fork(name), interrupt);
  const objectives = study.objectives.map(({ model }, j) => draw(model, `objective ${j}`));
  const constraints = study.constraints.map((model, c) => draw(model, `constraint ${c}`));
  return Array.from({ length: draws }, (_, k) => ({
    ...study,
    objectives: study.objectives.map((objective, j) => ({ ...objective, model: objectives[j][k] })),
    constraints: constraints.map((models) => models[k]),
  }));
}
