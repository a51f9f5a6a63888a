/** Every sampler by its name. */
import { createArsSampler } from './ars.ts';
import { createAutoSampler } from './auto.ts';
import { createEiSampler } from './ei.ts';
import { createGridSampler } from './grid.ts';
import { createListSampler } from './list.ts';
import { createMoboSampler } from './mobo.ts';
import { createNsga2Sampler } from './nsga2.ts';
import { createParegoSampler } from './parego.ts';
import { createRandomSampler } from './random.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { createSobolSampler } from './sobol.ts';
import { stateKnown } from './state-known.ts';

type SamplerFactory = (problem: SamplerProblem, options: SamplerOptions) => Sampler;

const FACTORIES = {
  ars: createArsSampler,
  ei: createEiSampler,
  grid: createGridSampler,
  list: createListSampler,
  mobo: createMoboSampler,
  nsga2: createNsga2Sampler,
  parego: createParegoSampler,
  random: createRandomSampler,
  sobol: createSobolSampler,
} satisfies Record<string, SamplerFactory>;

export type SamplerKind = keyof typeof FACTORIES | 'auto';

/** The names that `createSampler` knows. */
export const SAMPLER_KINDS: readonly SamplerKind[] = [
  'auto',
  ...(Object.keys(FACTORIES) as (keyof typeof FACTORIES)[]),
];

export function createSampler(kind: SamplerKind, problem: SamplerProblem, options: SamplerOptions): Sampler {
  const sampler =
    kind === 'auto'
      ? createAutoSampler(problem, options, (chosen) => FACTORIES[chosen](problem, options))
      : FACTORIES[kind](problem, options);
  return stateKnown(sampler, problem);
}
