/**
 * A second look at models that may be too sure. Once trials crowd on a piece of front, they tell so much about how smooth the outputs are
 * along it that length-scales grow and other regions look settled that were never visited. Where the next gain is small, some
 * asks therefore ask what shorter length-scales and interactions of all parameters would allow, and go there if that is far more.
 */
import type { OutputModel } from '../acquisition/acquisition.ts';
import { cautiousModel } from '../gp/cautious-model.ts';
import type { FittedStudy } from './fit-study.ts';

/** Expected gain, relative to what has been reached, below which a second look is worth its time. */
const SMALL_GAIN = 5e-4;
/** Every so many trials. */
const PERIOD = 6;
/** How many times the gain must look larger than the confident one. */
const ADVANTAGE = 50;
/** Largest additivity under doubt: parameters may interact. */
const MOST_ADDITIVE = -3;

/** Whether the ask after `trials` trials takes a second look: `logGain` is its best acquisition value, `reached` the hypervolume. */
export function isWorthDoubt(logGain: number, reached: number, trials: number): boolean {
  return trials % PERIOD === 0 && reached > 0 && logGain < Math.log(SMALL_GAIN * reached);
}

/** Whether a doubtful gain outweighs the confident one. */
export function outweighs(doubtful: number, confident: number): boolean {
  return doubtful > confident + Math.log(ADVANTAGE);
}

function doubtfulModel(output: OutputModel): OutputModel {
  return output.kind === 'known'
    ? output
    : { ...output, model: cautiousModel(output.model, { mostAdditive: MOST_ADDITIVE }) };
}

/** The same data under models that extrapolate less. */
export function doubtfulStudy(study: FittedStudy): FittedStudy {
  return {
    ...study,
    objectives: study.objectives.map((objective) => ({ ...objective, model: doubtfulModel(objective.model) })),
    constraints: study.constraints.map(doubtfulModel),
  };
}
