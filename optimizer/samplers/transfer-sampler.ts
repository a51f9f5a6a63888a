/**
 * Any sampler with a model, helped by the trials of an earlier study: their discounted prediction is the prior mean of every metric that
 * has none, and the discount is learned anew for every ask.
 */
import { createSampler, type SamplerKind } from './create-sampler.ts';
import type { Observations, Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { prepareTransfer } from './transfer.ts';

/** Own points before the first model: the earlier study stands in for an even design. */
const FEWEST = 3;

export interface TransferSource {
  readonly trials: Observations;
  /** Trust in the earlier study before own trials can tell, in [0, 1]. */
  readonly discount: number;
}

export function createTransferSampler(
  kind: SamplerKind,
  problem: SamplerProblem,
  options: SamplerOptions,
  { trials, discount }: TransferSource,
): Sampler {
  const transfer = prepareTransfer(problem, trials);
  return {
    kind,
    suggest(observations, rng, count) {
      const { priorMean } = transfer(observations, discount);
      const informed = { ...problem, priorMean: new Map([...priorMean, ...(problem.priorMean ?? [])]) };
      return createSampler(kind, informed, { initialPoints: FEWEST, ...options }).suggest(observations, rng, count);
    },
  };
}
