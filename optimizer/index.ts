/** The optimizer's door: everything other rooms may use. */
export { createRng, type Rng } from './math/rng.ts';
export type * from './samplers/sampler.ts';
export type { Dimension } from './space/dimension.ts';
export type * from './space/parameter.ts';
export { createSearchSpace, type ParameterConstraint, type SearchSpace } from './space/search-space.ts';
export { SpaceError } from './space/space-error.ts';
