/** The optimizer's door: everything other rooms may use. */
export { createRng, type Rng } from './math/rng.ts';
export type * from './samplers/sampler.ts';
export type * from './space/parameter.ts';
