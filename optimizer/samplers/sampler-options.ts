/** Settings of samplers; each kind reads those that concern it. */
import type { Params } from '../space/parameter.ts';

export interface SamplerOptions {
  /** The study's seed: what must stay the same over all asks of a study (the scramble of a Sobol' sequence) comes from it. */
  readonly seed: number;
  /** Points before the first model; samplers with a model. */
  readonly initialPoints?: number;
  /** Trials the study may spend, where known; `auto` decides by it. */
  readonly budgetTrials?: number;
  /** Trials that models rest on at most, of more than these representative ones (320); samplers with a model. */
  readonly modelledTrials?: number;
  /** Members of a generation; `nsga2`. */
  readonly populationSize?: number;
  /** Values per continuous parameter; `grid`. */
  readonly gridLevels?: number;
  /**
   * Called every few milliseconds while models are fitted and points are searched; what it throws ends an ask whose answer nobody wants
   * any more. Samplers with a model.
   */
  readonly interrupt?: () => void;
  /** The points to try; `list`. */
  readonly list?: readonly Params[];
}
