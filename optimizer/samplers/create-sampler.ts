/** Every sampler by its name. */
import { createGridSampler } from './grid.ts';
import { createListSampler } from './list.ts';
import { createMoboSampler } from './mobo.ts';
import { createRandomSampler } from './random.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { createSobolSampler } from './sobol.ts';

type SamplerFactory = (problem: SamplerProblem, options: SamplerOptions) => Sampler;

const FACTORIES = {
  grid: createGridSampler,
  list: createListSampler,
  mobo: createMoboSampler,
  random: createRandomSampler,
  sobol: createSobolSampler,
} satisfies Record<string, SamplerFactory>;

export type SamplerKind = keyof typeof FACTORIES;

/** The names that `createSampler` knows. */
export const SAMPLER_KINDS = Object.keys(FACTORIES) as SamplerKind[];

export function createSampler(kind: SamplerKind, problem: SamplerProblem, options: SamplerOptions): Sampler {
  return FACTORIES[kind](problem, options);
}
