/**
 * The accuracy of a network while it trains, for callers that may end a training which leads nowhere. Only the network in its final
 * structure is looked at (before the last pruning step it would be another one), and a value's step is the percentage done of the
 * training from there to the end, in float and on quantization grids alike: so curves of different plans compare. Values are float accuracies on
 * samples spread over the test set, as many as cost about 5 % of the training's time.
 */
import type { Graph } from '../ir/graph.ts';
import { type Dataset, spreadSamples } from '../train/data/dataset.ts';
import { evaluate } from '../train/evaluate.ts';
import type { FinetuneOptions } from '../train/finetune.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { StoppedEarlyError } from './stopped-early.ts';

/** Values of a whole curve. */
const VALUES = 10;
const SHARE_OF_TIME = 0.05;
/** A training step costs about this many forward passes. */
const PASSES_PER_STEP = 3;
/** Fewer say too little: a standard error of 1.5 points at 95 %. */
const FEWEST_SAMPLES = 200;

/** Part of the curve, as shares of it. */
export interface CurvePart {
  readonly from: number;
  readonly to: number;
}

export class ValidationCurve {
  readonly #report: NonNullable<CompressHooks['onValidated']>;
  readonly #dataset: Dataset;

  /** `epochs`: those of the whole curve. */
  constructor(dataset: Dataset, epochs: number, report: NonNullable<CompressHooks['onValidated']>) {
    const affordable = (SHARE_OF_TIME * PASSES_PER_STEP * epochs * dataset.train.count) / VALUES;
    this.#dataset = { ...dataset, test: spreadSamples(dataset.test, Math.max(FEWEST_SAMPLES, Math.round(affordable))) };
    this.#report = report;
  }

  /** For the training that makes this part. Throws StoppedEarlyError out of it. */
  watch({ from, to }: CurvePart): NonNullable<FinetuneOptions['beforeStep']> {
    const valuesAt = (step: number, steps: number): number =>
      Math.floor(VALUES * (from + ((to - from) * step) / steps) + 1e-9);
    return (program, step, steps) => {
      const due = valuesAt(step, steps);
      if (due === 0 || due === valuesAt(step - 1, steps)) return undefined;
      return this.#look(program.toGraph(), due);
    };
  }

  /** The last value, of the network as it leaves training. */
  async end(graph: Graph): Promise<void> {
    await this.#look(graph, VALUES);
  }

  async #look(graph: Graph, due: number): Promise<void> {
    const { accuracy, count } = evaluate(graph, this.#dataset);
    // Laplace's rule: all answers right out of 200 is not certainty.
    const share = (accuracy * count + 1) / (count + 2);
    const stderr = Math.sqrt((share * (1 - share)) / count);
    const reason = await this.#report({ step: Math.round((100 * due) / VALUES), accuracy, stderr });
    if (reason !== null) throw new StoppedEarlyError(reason);
  }
}
