/** The evaluators' door: everything other rooms may use. */
export type * from './board-spec.ts';
export type * from './compress/plan.ts';
export * from './ir/dtype.ts';
export type * from './ir/graph.ts';
export * from './ir/npy.ts';
export * from './ir/op.ts';
export * from './ir/tensor.ts';
export * from './ir/zip.ts';
export type * from './memory/buffer.ts';
export * from './memory/plan-memory.ts';
export type * from './outcome.ts';
export * from './train/data/dataset.ts';
export * from './train/data/dataset-error.ts';
export * from './train/data/load-dataset.ts';
export * from './train/evaluate.ts';
export * from './train/finetune.ts';
export * from './train/training-program.ts';
